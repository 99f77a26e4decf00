"""A registry's failures as the kinds of error that Docker answers."""

from __future__ import annotations

from api_schema.oci import Reference
from daemon.engine.registry_client import RegistryFailure, RegistryRefusal
from daemon.errors import (
    DockerError,
    Forbidden,
    NotFound,
    System,
    TooManyRequests,
    Unauthorized,
)

# The registry's code: what Docker writes before it; such a pull is 404.
_PULL_TEXTS = {
    "DENIED": (
        "pull access denied for {name}, repository does not exist or may require 'docker login'"
    ),
    "MANIFEST_UNKNOWN": "manifest for {reference} not found",
    "NAME_UNKNOWN": "repository {name} not found",
}


# What is left of a refusal's own HTTP status.
_KINDS: dict[str, type[DockerError]] = {
    "UNAUTHORIZED": Unauthorized,
    "DENIED": Forbidden,
    "TOOMANYREQUESTS": TooManyRequests,
    "MANIFEST_UNKNOWN": NotFound,
    "NAME_UNKNOWN": NotFound,
    "BLOB_UNKNOWN": NotFound,
}


def pull_error(failure: RegistryFailure, reference: Reference) -> DockerError:
    """A repository or manifest that is not there, or not for us, is not found."""
    if isinstance(failure, RegistryRefusal) and failure.says_more and failure.code in _PULL_TEXTS:
        text = _PULL_TEXTS[failure.code].format(
            name=reference.familiar_name, reference=reference.familiar
        )
        return NotFound(f"{text}: {failure.bare}")
    return registry_error(failure, first=True)


def registry_error(failure: RegistryFailure, *, first: bool = False) -> DockerError:
    """With all that the registry said, or only the `first` of its errors."""
    if not isinstance(failure, RegistryRefusal):
        return System(str(failure))
    return _KINDS.get(failure.code, System)(str(failure) if first else failure.joined)
