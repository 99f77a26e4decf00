"""What API 1.40 changed."""

from api_schema.changes.legacy import host_config, mounts
from api_schema.version import ApiVersion, Json, VersionChange

V1_40 = ApiVersion(1, 40)


class PrivateIpc(VersionChange):
    """The default IPC mode is no longer shareable; mounts take `NonRecursive`, the host config `KernelMemoryTCP`."""

    since = V1_40
    models = frozenset({"ContainerCreateRequest"})

    @staticmethod
    def upgrade_request(model: str, body: Json) -> None:
        host = host_config(body)
        host.pop("KernelMemoryTCP", None)
        host["IpcMode"] = host.get("IpcMode") or "shareable"
        for mount in mounts(body):
            mount.get("BindOptions", {}).pop("NonRecursive", None)


class BuildOutputs(VersionChange):
    """`POST /build` takes `outputs`."""

    since = V1_40
