"""The image that a build ends in: its config document, and what else an exporter may want of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api_schema.go_time import go_time
from api_schema.oci import ContainerConfig, HistoryEntry, encode
from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Record
from daemon.engine.build.evaluator import Snapshot
from daemon.engine.build.inline_cache import MEMBER

CONFIG_ORDER = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "Labels",
    "StopSignal",
    "ArgsEscaped",
    "Healthcheck",
    "OnBuild",
    "Shell",
)
EXPORTER = "buildkit.exporter.image.v0"
SORTED = ("ExposedPorts", "Volumes", "Labels")


def image_config(
    stage: ops.PlannedStage, snapshot: Snapshot, now: int, epoch: int | None, cache: str = ""
) -> bytes:
    """The config as BuildKit writes it: members in alphabetical order, times of the layers' making."""
    image = stage.base_image
    system, architecture, variant = (*stage.platform.split("/"), "", "")[:3]
    history = dated_history(stage, snapshot, now, epoch)
    created = history[-1].get("created") if history else go_time(now)
    document: dict[str, Any] = {
        "architecture": image.architecture if image else architecture,
        "author": stage.draft.author,
        "config": container_config(stage.draft.config, cmd_set=stage.draft.cmd_set),
        "created": created,
        "history": history,
        MEMBER: cache,
        "os": image.os if image else system,
        "rootfs": {"type": "layers", "diff_ids": list(snapshot.diff_ids)},
        "variant": image.variant if image else variant,
    }
    return encode({key: value for key, value in document.items() if value != ""})


def container_config(config: ContainerConfig, *, cmd_set: bool) -> dict[str, Any]:
    """The `config` member: Go's order, empty members left out, maps sorted."""
    found = config.model_dump(by_alias=True, exclude_none=True)
    if cmd_set:
        found["ArgsEscaped"] = True
    for name in SORTED:
        if name in found:
            found[name] = dict(sorted(found[name].items()))
    return {name: found[name] for name in CONFIG_ORDER if found.get(name)}


def dated_history(
    stage: ops.PlannedStage, snapshot: Snapshot, now: int, epoch: int | None
) -> list[dict[str, Any]]:
    """Every entry with a time: a layer's own, and for the others that of the layer before them."""
    records = iter(snapshot.records)
    time = (
        stage.base_image.history[-1].created
        if stage.base_image and stage.base_image.history
        else None
    )
    dated = []
    for entry in stage.history:
        if entry.created:
            time = entry.created
        elif epoch is not None:
            time = go_time(epoch * 1_000_000_000)
        elif not entry.empty_layer:
            record = next(records, None)
            time = go_time(record.created if record else now)
        dated.append(_entry(entry, time or go_time(now)))
    return dated + _beyond(stage.history, snapshot.records, epoch)


def _beyond(
    history: Sequence[HistoryEntry], records: Sequence[Record], epoch: int | None
) -> list[dict[str, Any]]:
    """For layers that the history does not know, as that of a folder or repository at the bottom."""
    known = sum(not (entry.created or entry.empty_layer) for entry in history)
    found = []
    for record in records[known:]:
        time = record.created if epoch is None else epoch * 1_000_000_000
        entry = HistoryEntry(created_by=record.description, comment=EXPORTER)
        found.append(_entry(entry, go_time(time)))
    return found


def _entry(entry: HistoryEntry, created: str) -> dict[str, Any]:
    said = {
        "created": created,
        "created_by": entry.created_by,
        "author": entry.author,
        "comment": entry.comment,
        "empty_layer": entry.empty_layer,
    }
    return {key: value for key, value in said.items() if value}
