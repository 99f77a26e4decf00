"""The definition of a build as provenance shows it: steps by number, and where each of them comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.engine.build import operations as ops
from daemon.engine.build.dockerfile_source import wanted_files
from daemon.engine.build.llb import Definition, Vertex, go_list
from daemon.engine.build.llb_encoding import digest
from daemon.engine.dockerfile.source import Line

UNTOLD = ("local.session",)
"""Attributes of the client's folders that are nobody's business."""
LAYER = "application/vnd.docker.image.rootfs.diff.tar"


@dataclass(frozen=True, slots=True)
class Steps:
    """Vertexes in order, each behind its inputs; the last one is the result, which is no operation."""

    digests: Sequence[str]
    vertexes: Mapping[str, Vertex]
    names: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {one: f"step{number}" for number, one in enumerate(self.digests)}
        object.__setattr__(self, "names", names)

    def config(self) -> dict[str, Any]:
        """`llbDefinition` and `digestMapping`."""
        shown = [self._shown(one) for one in self.digests]
        mapping = dict(self.names)
        if self.digests:
            last = self.digests[-1]
            name = f"step{len(self.digests)}"
            shown.append({"id": name, "op": {"Op": {}}, "inputs": [f"{self.names[last]}:0"]})
            mapping[digest({}, [last])] = name
        return {"llbDefinition": shown, "digestMapping": dict(sorted(mapping.items()))}

    def _shown(self, one: str) -> dict[str, Any]:
        vertex = self.vertexes[one]
        step: dict[str, Any] = {"id": self.names[one], "op": _without_secrets(vertex.op)}
        if vertex.inputs:
            step["inputs"] = [f"{self.names[needed]}:0" for needed in vertex.inputs]
        return step

    def locations(self) -> dict[str, Any]:
        """Where in the Dockerfile each step is asked for."""
        places = ((name, _places(self.vertexes[one].lines)) for one, name in self.names.items())
        return dict(sorted(places))

    def layers(self, known: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """The layers of each step's result, as far as the build has made layers of it."""
        made = (
            (f"{name}:0", [[_layer(diff_id) for diff_id in known.get(one, ())]])
            for one, name in self.names.items()
        )
        return dict(sorted(made))


def steps_of(definition: Definition) -> Steps:
    return Steps(definition.ordered(), definition.vertexes)


def dockerfile_steps(filename: str, key: str, session: Mapping[str, str]) -> Steps:
    """How the Dockerfile was had from the client's folder."""
    attributes = {
        "local.differ": "none",
        "local.followpaths": go_list(wanted_files(filename)),
        "local.sharedkeyhint": key,
        **session,
    }
    source = {"identifier": f"local://{key}", "attrs": dict(sorted(attributes.items()))}
    vertex = Vertex({"Op": {"source": source}, "constraints": {}})
    return Steps([vertex.digest], {vertex.digest: vertex})


def layers_made(definition: Definition, diff_ids: Sequence[str]) -> dict[str, Sequence[str]]:
    """The layers of images, and of what the target stands on, step by step; of other stages nobody makes layers."""
    stages = {stage.index: stage for stage in definition.plan.stages}
    stage = definition.plan.target
    chain = definition.steps[stage.index]
    while isinstance(stage.base, ops.FromStage):
        stage = stages[stage.base.index]
        chain = [*definition.steps[stage.index][:-1], *chain]
    below = len(diff_ids) - len(chain) + 1
    made = {one: diff_ids[: below + number] for number, one in enumerate(chain) if one}
    return definition.images | made


def _without_secrets(op: dict[str, Any]) -> dict[str, Any]:
    source = op["Op"].get("source")
    if source is None or not source.get("attrs"):
        return op
    attributes = {name: value for name, value in source["attrs"].items() if name not in UNTOLD}
    return {**op, "Op": {"source": {**source, "attrs": attributes}}}


def _places(lines: Sequence[Line | None]) -> dict[str, Any]:
    return {"locations": [_place(line) for line in lines]} if lines else {}


def _place(line: Line | None) -> dict[str, Any]:
    if line is None:
        return {}
    return {"ranges": [_range(number) for number in range(line.start, line.end + 1)]}


def _range(number: int) -> dict[str, Any]:
    return {"start": {"line": number}, "end": {"line": number}}


def _layer(diff_id: str) -> dict[str, Any]:
    return {"mediaType": LAYER, "digest": diff_id, "size": -1}
