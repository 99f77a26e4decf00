"""One request as a handler sees it: variables, query, version and a body decoded as Go decodes it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from api_schema import go_json
from api_schema.base import WireModel, shape_for
from api_schema.changes import translation
from api_schema.version import ApiVersion
from daemon.errors import InvalidParameter
from daemon.server.media_types import media_type
from daemon.server.query import Query

M = TypeVar("M", bound=WireModel)

JSON_BODY_LIMIT = 64 * 1024 * 1024


class Body(Protocol):
    """Where the bytes of a request come from."""

    def chunks(self) -> AsyncIterator[bytes]: ...


@dataclass(slots=True)
class Request:
    method: str
    path: str
    vars: dict[str, str]
    query: Query
    version: ApiVersion
    headers: Mapping[str, str]
    source: Body
    over_tcp: bool = False

    @property
    def upgrade(self) -> str:
        """The protocol that the client asks to switch to; its presence alone decides between 101 and 200."""
        return self.headers.get("Upgrade", "")

    @property
    def has_empty_body(self) -> bool:
        """What Go calls ContentLength 0: no length and no chunks, or a length of 0."""
        return (
            self.headers.get("Content-Length", "0") == "0"
            and "Transfer-Encoding" not in self.headers
        )

    def header_all(self, name: str) -> list[str]:
        """Every value of a header that may be repeated."""
        getall = getattr(self.headers, "getall", None)
        if getall is not None:
            return [str(value) for value in getall(name, [])]
        return [self.headers[name]] if name in self.headers else []

    def body(self) -> AsyncIterator[bytes]:
        """The body as it arrives."""
        return self.source.chunks()

    async def read(self, limit: int = JSON_BODY_LIMIT) -> bytes:
        """The whole body, up to `limit` bytes."""
        parts, size = [], 0
        async for chunk in self.body():
            size += len(chunk)
            if size > limit:
                raise InvalidParameter("http: request body too large")
            parts.append(chunk)
        return b"".join(parts)

    async def json(self, model: type[M], *, optional: bool = False) -> M:
        """The body as `model`. With `optional` an empty body is the zero value, without it is refused."""
        self.check_content_type()
        if optional and self.has_empty_body:
            return model()
        try:
            document = go_json.parse(await self.read())
            body = shape_for(model).read_document(document, translation(self.version).upgrade)
        except go_json.EmptyBody:
            raise InvalidParameter("invalid JSON: got EOF while reading request body") from None
        except go_json.TrailingContent as error:
            raise InvalidParameter(str(error)) from None
        except go_json.GoDecodeError as error:
            raise InvalidParameter(f"invalid JSON: {error}") from None
        return model.model_validate(body)

    def check_content_type(self) -> None:
        """Refuse a body that does not call itself JSON, as Docker's CheckForJSON."""
        declared = self.headers.get("Content-Type", "")
        if not declared and self.has_empty_body:
            return
        try:
            found = media_type(declared)
        except ValueError as error:
            raise InvalidParameter(f"malformed Content-Type header ({declared}): {error}") from None
        if found != "application/json":
            raise InvalidParameter(
                f"unsupported Content-Type header ({declared}): must be 'application/json'"
            )
