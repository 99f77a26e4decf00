"""What API 1.44 changed."""

from api_schema.version import ApiVersion, Json, VersionChange

V1_44 = ApiVersion(1, 44)


class AddRuntimeStatus(VersionChange):
    """`GET /info` tells the features of each runtime."""

    since = V1_44
    models = frozenset({"RuntimeInfo"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body.pop("status", None)


class DropVirtualSize(VersionChange):
    """`VirtualSize` is gone: it was always `Size`."""

    since = V1_44
    models = frozenset({"ImageInspect", "ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        _insert_after(body, "Size", "VirtualSize", body["Size"])
        if model == "ImageInspect":
            body.setdefault("Created", "0001-01-01T00:00:00Z")


def _insert_after(body: Json, key: str, new: str, value: object) -> None:
    items = list(body.items())
    body.clear()
    for name, item in items:
        body[name] = item
        if name == key:
            body[new] = value
