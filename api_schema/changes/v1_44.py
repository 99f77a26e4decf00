"""What API 1.44 changed."""

from api_schema.changes.legacy import host_config, mounts
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
        if body["Size"]:
            _insert_after(body, "Size", "VirtualSize", body["Size"])
        if model == "ImageInspect" and "Created" not in body:
            _insert_after(body, "Comment", "Created", "0001-01-01T00:00:00Z")


def _insert_after(body: Json, key: str, new: str, value: object) -> None:
    items = list(body.items())
    body.clear()
    for name, item in items:
        body[name] = item
        if name == key:
            body[new] = value


class AddStartInterval(VersionChange):
    """Health checks take `StartInterval`, and read-only binds are recursively so unless told otherwise."""

    since = V1_44
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        body.get("Healthcheck", {}).pop("StartInterval", None)
        for mount in mounts(body):
            if mount.get("Type") == "bind" and "BindOptions" in mount:
                mount["BindOptions"]["ReadOnlyNonRecursive"] = True


class MacAddressOfEndpoint(VersionChange):
    """A MAC address belongs to an endpoint; before, the container had one, and endpoints' were ignored."""

    since = V1_44
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        networking = body.setdefault("NetworkingConfig", {})
        endpoints = networking.setdefault("EndpointsConfig", {})
        for settings in endpoints.values():
            (settings or {}).pop("MacAddress", None)
        address = body.pop("MacAddress", "")
        if address:
            mode = host_config(body).get("NetworkMode") or "bridge"
            name = "bridge" if mode == "default" else mode
            endpoints[name] = {**(endpoints.get(name) or {}), "MacAddress": address}


class SeveralNetworksAtCreate(VersionChange):
    """`POST /containers/create` takes more than one network."""

    since = V1_44
