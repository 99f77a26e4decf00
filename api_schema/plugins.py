"""Plugins on the wire, and their config.json."""

from typing import ClassVar

from pydantic import Field

from api_schema.base import OmitEmpty, OmitNil, WireModel

Strings = list[str] | None


class PluginArgs(WireModel):
    description: str = ""
    name: str = ""
    settable: Strings = None
    value: Strings = None


class PluginEnv(WireModel):
    description: str = ""
    name: str = ""
    settable: Strings = None
    value: str | None = None


class PluginInterface(WireModel):
    protocol_scheme: OmitEmpty[str] = ""
    socket: str = ""
    types: Strings = None


class PluginLinux(WireModel):
    allow_all_devices: bool = False
    capabilities: Strings = None
    devices: list[dict[str, object]] | None = None


class PluginNetwork(WireModel):
    type: str = ""


class PluginUser(WireModel):
    gid: OmitEmpty[int] = Field(0, alias="GID")
    uid: OmitEmpty[int] = Field(0, alias="UID")


class PluginRootFs(WireModel):
    diff_ids: Strings = Field(None, alias="diff_ids")
    type: OmitEmpty[str] = Field("", alias="type")


class PluginConfig(WireModel):
    go_type: ClassVar[str] = "types.PluginConfig"

    args: PluginArgs = Field(default_factory=PluginArgs)
    description: str = ""
    docker_version: OmitEmpty[str] = ""
    documentation: str = ""
    entrypoint: Strings = None
    env: list[PluginEnv] | None = None
    interface: PluginInterface = Field(default_factory=PluginInterface)
    ipc_host: bool = Field(False, alias="IpcHost")
    linux: PluginLinux = Field(default_factory=PluginLinux)
    mounts: list[dict[str, object]] | None = None
    network: PluginNetwork = Field(default_factory=PluginNetwork)
    pid_host: bool = False
    propagated_mount: str = ""
    user: PluginUser = Field(default_factory=PluginUser)
    work_dir: str = ""
    rootfs: OmitNil[PluginRootFs | None] = Field(None, alias="rootfs")


class PluginSettings(WireModel):
    args: list[str] = Field(default_factory=list)
    devices: list[dict[str, object]] = Field(default_factory=list)
    env: list[str] = Field(default_factory=list)
    mounts: list[dict[str, object]] = Field(default_factory=list)


class Plugin(WireModel):
    config: PluginConfig
    enabled: bool = False
    id: OmitEmpty[str] = ""
    name: str
    plugin_reference: OmitEmpty[str] = ""
    settings: PluginSettings
