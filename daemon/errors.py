"""Domain errors, by kind.

A kind says what went wrong in the domain's own words; daemon.server.error_responses alone
knows which HTTP status each kind becomes. The text is what the client will read, so it is
Docker's text, letter for letter.
"""


class DockerError(Exception):
    """Base of every error a client may see. Raise a kind, never this."""


class InvalidParameter(DockerError):
    """400."""


class Unauthorized(DockerError):
    """401."""


class Forbidden(DockerError):
    """403."""


class NotFound(DockerError):
    """404."""


class Conflict(DockerError):
    """409."""


class NotModified(DockerError):
    """304. Not a failure: the object already is as asked."""


class TooManyRequests(DockerError):
    """429, or what dockerd makes of it."""


class System(DockerError):
    """Docker answers 500 here. Use it only where dockerd does."""


class Unavailable(DockerError):
    """503."""


class Unsupported(DockerError):
    """501. What mockerd itself does not do; the text names it."""
