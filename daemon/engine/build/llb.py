"""A plan as BuildKit's low-level definition (LLB): the operations of its solver, by the digests of their inputs."""

from __future__ import annotations

import base64
import json
import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from daemon.engine.build import operations as ops
from daemon.engine.build.copying import octal_mode
from daemon.engine.build.downloads import UNNAMED
from daemon.engine.build.llb_encoding import digest
from daemon.engine.build.llb_exec import execution
from daemon.engine.dockerfile.ignore import clean
from daemon.engine.dockerfile.source import Line

Op = dict[str, Any]
NOTHING = -1
"""The index of an input that there is not."""
AS_IT_IS = -1
FOLLOWED = {"followSymlink": True, "dirCopyContents": True}
WILD = {"allowWildcard": True, "allowEmptyWildcard": True}


@dataclass(frozen=True, slots=True)
class Vertex:
    """One operation; `inputs` are digests of others. `lines` are where the Dockerfile asks for it, None for a place untold."""

    op: Op
    inputs: tuple[str, ...] = ()
    lines: tuple[Line | None, ...] = ()

    @property
    def digest(self) -> str:
        return digest(self.op, list(self.inputs))


@dataclass(frozen=True, slots=True)
class Sources:
    """What operations on sources say besides: how images are looked for, which files of folders are sent, and whose."""

    resolve_mode: str = ""
    patterns: Callable[[str], Sequence[str]] = lambda name: ()
    """What is left out of a client's folder."""
    session: Mapping[str, str] = field(default_factory=dict)
    """Attributes of the client's folders that nobody is told, but that the digest is of."""


class Definition:
    """The vertexes of a plan, each behind its inputs; `end` is the digest of what the target is, empty for nothing."""

    def __init__(self, plan: ops.Plan, sources: Sources) -> None:
        self.plan = plan
        self.sources = sources
        self.vertexes: dict[str, Vertex] = {}
        self.steps: dict[int, list[str]] = {}
        """The digests of what a stage starts from and of its operations, by its index."""
        self.images: dict[str, Sequence[str]] = {}
        """The layers of images."""
        for stage in plan.stages:
            self._stage(stage)
        self.end = self.steps[plan.target.index][-1]
        for stage in reversed(plan.stages):
            self._place_images(stage)

    def ordered(self) -> list[str]:
        """All that the target needs, each behind its inputs."""
        found: dict[str, None] = {}
        todo = [(self.end, False)] if self.end else []
        while todo:
            one, is_ready = todo.pop()
            if is_ready:
                found[one] = None
            elif one not in found:
                todo.append((one, True))
                todo += [(needed, False) for needed in reversed(self.vertexes[one].inputs)]
        return list(found)

    def _place_images(self, stage: ops.PlannedStage) -> None:
        """Where images are asked for. Of those that stand in for a named context BuildKit tells no place."""
        places: list[tuple[ops.Input, Line | None]] = [(stage.base, stage.line)]
        for operation in stage.operations:
            line = operation.line if isinstance(operation, ops.CopyFiles) else None
            places += [(source, line) for source in operation.reads()]
        for source, line in places:
            if isinstance(source, ops.BaseImage) and source.name and not source.vertex:
                self._add_line(self._image(source), line)

    def _stage(self, stage: ops.PlannedStage) -> None:
        below = self._input(stage.base)
        self.steps[stage.index] = [below]
        for operation in stage.operations:
            if isinstance(operation, ops.Run):
                below = self._run(operation, below, stage.platform)
            elif isinstance(operation, ops.CopyFiles):
                below = self._copy(operation, below)
            elif isinstance(operation, ops.MakeFolder):
                below = self._make_folder(operation, below)
            self.steps[stage.index].append(below)

    def _input(self, source: ops.Input) -> str:
        if isinstance(source, ops.FromStage):
            return self.steps[source.index][-1]
        if isinstance(source, ops.Local):
            return self._local(source.name)
        if isinstance(source, ops.Git):
            repository = source.repository
            return self._source(repository.identifier, repository.attributes)
        if isinstance(source, ops.BaseImage) and source.name:
            return self._image(source)
        return ""

    def _image(self, image: ops.BaseImage) -> str:
        mode = "" if image.vertex else self.sources.resolve_mode
        platform = {"Architecture": image.architecture, "OS": image.os}
        if image.variant:
            platform["Variant"] = image.variant
        attributes = {"image.resolvemode": mode} if mode else {}
        found = self._source(f"docker-image://{image.name}", attributes, platform)
        self.images[found] = image.diff_ids
        return found

    def _local(self, name: str) -> str:
        lists = {
            "local.excludepatterns": list(self.sources.patterns(name)),
            "local.followpaths": self.plan.context_paths(name),
        }
        attributes = {key: go_list(words) for key, words in lists.items() if words}
        attributes["local.sharedkeyhint"] = name if name == "context" else f"context:{name}"
        return self._source(f"local://{name}", attributes | dict(self.sources.session))

    def _source(
        self, identifier: str, attributes: Mapping[str, str], platform: Op | None = None
    ) -> str:
        source: Op = {"identifier": identifier}
        if attributes:
            source["attrs"] = dict(sorted(attributes.items()))
        return self._add({"source": source}, [], platform=platform)

    def _run(self, run: ops.Run, below: str, platform: str) -> str:
        inputs = [below] if below else []

        def index(needed: str) -> int:
            if needed and needed not in inputs:
                inputs.append(needed)
            return inputs.index(needed) if needed else NOTHING

        documents = [self._document(*one, mode=0o755) for one in run.documents()]
        folders = [self._mounted(mount) for mount in run.mounts]
        op = execution(run, below, folders, documents, index)
        system, architecture = platform.split("/")[:2]
        about = {"Architecture": architecture, "OS": system}
        return self._add({"exec": op}, inputs, run.line, about)

    def _mounted(self, mount: ops.RunMount) -> str:
        """What a mount is filled with; a cache mount with an owner has a folder made for it."""
        if not mount.sets_mode or mount.mount.source_stage:
            return self._input(mount.input)
        spec = mount.mount
        owner = {"user": _who(str(spec.uid or 0)), "group": _who(str(spec.gid or 0))}
        folder = {"path": "/cache", "mode": 0o755 if spec.mode is None else spec.mode}
        return self._file([{"mkdir": {**folder, "owner": owner, "timestamp": AS_IT_IS}}], "", [])

    def _make_folder(self, operation: ops.MakeFolder, below: str) -> str:
        folder: Op = {"path": operation.path, "mode": 0o755, "makeParents": True}
        if operation.user:
            folder["owner"] = owner_of(operation.user)
        folder["timestamp"] = AS_IT_IS if operation.time is None else operation.time
        return self._file([{"mkdir": folder}], below, [""], operation.line)

    def _document(self, name: str, data: bytes, *, mode: int = 0o644) -> str:
        content = base64.b64encode(data).decode()
        file = {
            "path": f"/{posixpath.basename(name)}",
            "mode": mode,
            "data": content,
            "timestamp": AS_IT_IS,
        }
        return self._file([{"mkfile": file}], "", [""])

    def _copy(self, copy: ops.CopyFiles, below: str) -> str:
        unpack = {"attemptUnpackDockerCompatibility": True} if copy.unpack else {}
        wanted = [
            (self._input(copy.input), clean(f"/{word}"), FOLLOWED | unpack, WILD)
            for word in copy.sources
        ]
        for url in copy.urls:
            name = posixpath.basename(urlsplit(url).path) or UNNAMED
            attributes = {"http.filename": name}
            if copy.checksum:
                attributes["http.checksum"] = copy.checksum
            wanted.append((self._source(url, attributes), f"/{name}", {}, {}))
        for repository in copy.repositories:
            wanted.append((self._input(repository), "/", FOLLOWED, {}))
        for name, data in copy.inline:
            wanted.append((self._document(name, data), f"/{name}", {}, {}))
        actions = [{"copy": self._copied(copy, path, how, wild)} for _, path, how, wild in wanted]
        return self._file(actions, below, [source for source, *_ in wanted], copy.line)

    def _copied(self, copy: ops.CopyFiles, path: str, how: Op, wild: Op) -> Op:
        to = copy.destination
        found: Op = {"src": path, "dest": f"{to.rstrip('/')}/" if copy.to_folder else to}
        if copy.chown:
            found["owner"] = owner_of(copy.chown)
        octal = octal_mode(copy.chmod) if copy.chmod else AS_IT_IS
        # Go writes no mode that is 0, as where it is said in words.
        found |= {"mode": octal} if octal else {}
        found |= {**how, "createDestPath": True, **wild, "timestamp": AS_IT_IS}
        if copy.exclude:
            found["exclude_patterns"] = list(copy.exclude)
        if octal is None:
            found["modeStr"] = copy.chmod
        return found

    def _file(
        self, changes: Sequence[Op], below: str, sources: Sequence[str], line: Line | None = None
    ) -> str:
        """One operation on files: each change is made to what the one before it left."""
        inputs = list(dict.fromkeys(one for one in (below, *sources) if one))
        last = len(changes) - 1
        actions = [
            {
                "input": (0 if below else NOTHING) if number == 0 else len(inputs) + number - 1,
                "secondaryInput": inputs.index(source) if source else NOTHING,
                "output": 0 if number == last else NOTHING,
                "Action": change,
            }
            for number, (change, source) in enumerate(zip(changes, sources or [""], strict=True))
        ]
        return self._add({"file": {"actions": actions}}, inputs, line)

    def _add(
        self,
        op: Op,
        inputs: Sequence[str],
        line: Line | None = None,
        platform: Op | None = None,
    ) -> str:
        whole: Op = {"Op": op, **({"platform": platform} if platform else {}), "constraints": {}}
        vertex = Vertex(whole, tuple(inputs), (line,) if line else ())
        found = vertex.digest
        known = self.vertexes.setdefault(found, vertex)
        if known is not vertex and line:
            self._add_line(found, line)
        return found

    def _add_line(self, digest: str, line: Line | None) -> None:
        vertex = self.vertexes[digest]
        self.vertexes[digest] = Vertex(vertex.op, vertex.inputs, (*vertex.lines, line))


def go_list(words: Sequence[str]) -> str:
    """A list of strings as Go's json writes it."""
    text = json.dumps(list(words), separators=(",", ":"), ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def owner_of(text: str) -> Op:
    """`user[:group]`, each a number or a name."""
    user, colon, group = text.partition(":")
    return {"user": _who(user)} | ({"group": _who(group)} if colon else {})


def _who(text: str) -> Op:
    if not text.isdecimal():
        return {"User": {"byName": {"name": text}}}
    return {"User": {"byId": int(text)} if int(text) else {}}
