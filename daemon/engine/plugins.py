"""Plugins: made from a folder, listed, set and removed. Nothing runs one."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import IO

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.plugins import Plugin, PluginConfig, PluginRootFs, PluginSettings
from api_schema.reference import InvalidReference, Reference
from daemon.errors import Conflict, InvalidParameter, NotFound, System
from daemon.events import Events
from daemon.filters import Filters
from daemon.ids import Ids

CONFIG = "config.json"
ROOTFS = "rootfs"
CONFIG_LIMIT = 1 << 20


class Plugins:
    """All plugins of one daemon, by their full reference."""

    def __init__(self, ids: Ids, events: Events, engine_version: str) -> None:
        self._ids = ids
        self._events = events
        self._engine_version = engine_version
        self._plugins: dict[str, Plugin] = {}

    def __iter__(self) -> Iterator[Plugin]:
        return iter(self._plugins.values())

    def get(self, name: str) -> Plugin:
        """By name, with or without a tag, or by id."""
        for plugin in self:
            if name in (plugin.name, plugin.name.removesuffix(":latest"), plugin.id):
                return plugin
        raise NotFound(f'plugin "{name}" not found')

    def listed(self, filters: Filters) -> list[Plugin]:
        enabled = _enabled(filters)
        return [
            plugin
            for plugin in self
            if (enabled is None or plugin.enabled == enabled)
            and all(_is_capable(plugin, wanted) for wanted in filters.get("capability"))
        ]

    def create(self, name: str, archive: IO[bytes]) -> Plugin:
        """From a tar of config.json and rootfs/."""
        reference = parse_plugin_reference(name, f"failed to parse reference {name}: ")
        full = reference.tagged().familiar
        if full in self._plugins:
            raise Conflict(f"plugin {full} already exists")
        config = self._read(archive)
        settings = PluginSettings(env=[f"{e.name}={e.value or ''}" for e in config.env or []])
        plugin = Plugin(
            config=config,
            id=self._ids.id64(),
            name=full,
            plugin_reference=full,
            settings=settings,
        )
        self._plugins[full] = plugin
        self._events.emit("plugin", "create", plugin.id, {"name": full})
        return plugin

    def _read(self, archive: IO[bytes]) -> PluginConfig:
        found, digest = read_archive(archive)
        if found is None:
            raise System("config not found")
        try:
            document = go_json.parse(found)
            config = PluginConfig.model_validate(shape_for(PluginConfig).read_document(document))
        except go_json.GoDecodeError as error:
            text = str(error).replace("unexpected EOF", "unexpected end of JSON input")
            raise System(f"failed to parse config: {text}") from None
        config.docker_version = self._engine_version
        config.rootfs = PluginRootFs(diff_ids=[f"sha256:{digest}"], type="layers")
        return config

    def set(self, name: str, settings: list[str]) -> None:
        """`NAME=value` for variables that the plugin knows."""
        plugin = self.get(name)
        known = dict(entry.partition("=")[::2] for entry in plugin.settings.env)
        for setting in settings:
            key, _, value = setting.partition("=")
            if key not in known:
                raise System(f'setting "{key}" not found in the plugin configuration')
            known[key] = value
        plugin.settings.env = [f"{key}={value}" for key, value in known.items()]

    def disable(self, name: str) -> None:
        plugin = self.get(name)
        raise Conflict(f"plugin is already disabled: plugin {plugin.name} found but disabled")

    def remove(self, name: str) -> None:
        plugin = self.get(name)
        del self._plugins[plugin.name]
        self._events.emit("plugin", "remove", plugin.id, {"name": name})


def parse_plugin_reference(name: str, prefix: str = "") -> Reference:
    """Docker answers 500 where it is none."""
    try:
        return Reference.parse(name)
    except InvalidReference as error:
        raise System(f"{prefix}{error}") from None


def read_archive(archive: IO[bytes]) -> tuple[bytes | None, str]:
    """The config of a plugin's tar, and a digest of its root file system."""
    digest = hashlib.sha256()
    config = None
    try:
        with tarfile.open(fileobj=archive, mode="r:*") as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                content = tar.extractfile(member) or io.BytesIO()
                if name == CONFIG:
                    config = content.read(CONFIG_LIMIT)
                elif name.partition("/")[0] == ROOTFS:
                    digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
                    while chunk := content.read(1 << 16):
                        digest.update(chunk)
    except tarfile.TarError:
        return None, ""
    return config, digest.hexdigest()


def _enabled(filters: Filters) -> bool | None:
    if "enabled" not in filters:
        return None
    try:
        return filters.flag("enabled", False)
    except InvalidParameter:
        values = " ".join(sorted(filters.get("enabled")))
        raise InvalidParameter(f"invalid filter 'enabled=[{values}]'") from None


def _is_capable(plugin: Plugin, wanted: str) -> bool:
    """`volumedriver` is what the type `docker.volumedriver/1.0` is called."""
    types = plugin.config.interface.types or []
    return any(kind.partition("/")[0].removeprefix("docker.") == wanted for kind in types)
