"""Which HTTP status each kind of error becomes: the one table, and the one place that renders an error."""

from http import HTTPStatus

from api_schema import go_json
from daemon import errors

STATUS: dict[type[errors.DockerError], HTTPStatus] = {
    errors.NotModified: HTTPStatus.NOT_MODIFIED,
    errors.InvalidParameter: HTTPStatus.BAD_REQUEST,
    errors.Unauthorized: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    errors.System: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.Unsupported: HTTPStatus.NOT_IMPLEMENTED,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

PAGE_NOT_FOUND = "page not found"


def status_of(error: errors.DockerError) -> HTTPStatus:
    """The status of the nearest kind; what is no kind of ours is the daemon's own fault."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def error_body(message: str) -> bytes:
    """Docker's error body, newline included."""
    return go_json.encode({"message": message})
