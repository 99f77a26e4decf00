"""What API versions changed about images."""

from typing import Any

from api_schema.version import ApiVersion, Json, VersionChange

_LEGACY_CONFIG: dict[str, Any] = {
    "AttachStderr": False,
    "AttachStdin": False,
    "AttachStdout": False,
    "Domainname": "",
    "Hostname": "",
    "Image": "",
    "OpenStdin": False,
    "StdinOnce": False,
    "Tty": False,
}


class CountContainersOfImages(VersionChange):
    """`GET /images/json` tells in `Containers` how many containers use each image."""

    since = ApiVersion(1, 51)
    models = frozenset({"ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["Containers"] = -1


class DropContainerFieldsOfImages(VersionChange):
    """`GET /images/{name}/json` shows in `Config` only what belongs to an image."""

    since = ApiVersion(1, 50)
    models = frozenset({"ImageInspect"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        body["Config"] = dict(sorted((_LEGACY_CONFIG | body["Config"]).items()))


class DeleteImagePlatforms(VersionChange):
    """`DELETE /images/{name}` takes `platforms`."""

    since = ApiVersion(1, 50)


class InspectImagePlatform(VersionChange):
    """`GET /images/{name}/json` takes `platform`."""

    since = ApiVersion(1, 49)


class ImagePlatforms(VersionChange):
    """History, save and load take `platform`, inspect takes `manifests`."""

    since = ApiVersion(1, 48)


class PushPlatform(VersionChange):
    """`POST /images/{name}/push` takes `platform`."""

    since = ApiVersion(1, 46)


class DropContainerOfImage(VersionChange):
    """`GET /images/{name}/json` no longer shows `Container` and `ContainerConfig`."""

    since = ApiVersion(1, 45)


class DropVirtualSize(VersionChange):
    """`VirtualSize` is gone: it was always `Size`."""

    since = ApiVersion(1, 44)
    models = frozenset({"ImageInspect", "ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        _insert_after(body, "Size", "VirtualSize", body["Size"])
        if model == "ImageInspect":
            body.setdefault("Created", "0001-01-01T00:00:00Z")


class EmptyNamesOfImages(VersionChange):
    """An image without names has empty lists, where it had `<none>:<none>` and `<none>@<none>`."""

    since = ApiVersion(1, 43)
    models = frozenset({"ImageSummary"})

    @staticmethod
    def downgrade_response(model: str, body: Json) -> None:
        if not body["RepoTags"] and not body["RepoDigests"]:
            body["RepoTags"], body["RepoDigests"] = ["<none>:<none>"], ["<none>@<none>"]
        for key in ("RepoTags", "RepoDigests"):
            body[key] = body[key] or None


class SharedSizeOfImages(VersionChange):
    """`GET /images/json` takes `shared-size`."""

    since = ApiVersion(1, 42)


class DropNameFilterOfImages(VersionChange):
    """`GET /images/json` no longer takes `filter`, a pattern for names."""

    since = ApiVersion(1, 41)


class PullPlatform(VersionChange):
    """`POST /images/create` takes `platform`."""

    since = ApiVersion(1, 32)


def _insert_after(body: Json, key: str, new: str, value: object) -> None:
    items = list(body.items())
    body.clear()
    for name, item in items:
        body[name] = item
        if name == key:
            body[new] = value
