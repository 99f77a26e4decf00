"""What a planned build consists of: inputs, operations on files, stages."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from api_schema.oci import ContainerConfig, HistoryEntry
from daemon.engine.build.draft import Draft
from daemon.engine.build.git.addresses import Repository, parse_context
from daemon.engine.dockerfile.ignore import clean
from daemon.engine.dockerfile.mounts import Mount
from daemon.engine.dockerfile.source import Line

if TYPE_CHECKING:
    from daemon.engine.build.progress import Step

Fetch = Callable[["Step"], Awaitable[None]]
"""Brings an image's layers here, and tells of it under a vertex. DockerError if they cannot be had."""
HISTORY_COMMENT = "buildkit.dockerfile.v0"


@dataclass(frozen=True, slots=True)
class Scratch:
    """Nothing at all."""


@dataclass(frozen=True, slots=True)
class Local:
    """A folder of the client: its build context, or one that it named."""

    name: str = "context"


@dataclass(frozen=True, slots=True)
class BaseImage:
    """An image that was found: `name` is its whole reference; empty for another build's result."""

    name: str
    config: ContainerConfig
    diff_ids: tuple[str, ...]
    history: tuple[HistoryEntry, ...] = ()
    author: str = ""
    architecture: str = "amd64"
    os: str = "linux"
    variant: str = ""
    vertex: str = ""
    """How the client sees the image itself, where that is not as a stage's FROM: `[context foo] busybox`."""
    fetch: Fetch | None = field(default=None, compare=False)
    """Brings its layers here, for one of which only that it exists is known."""


@dataclass(frozen=True, slots=True)
class FromStage:
    """What another stage has made."""

    index: int


@dataclass(frozen=True, slots=True)
class Git:
    """Files of a git repository; `name` is how the client sees that they are fetched."""

    repository: Repository
    name: str = field(compare=False)

    @property
    def key(self) -> str:
        """What makes it that one, whatever it is called."""
        return json.dumps([self.repository.identifier, self.repository.attributes])

    @property
    def digest(self) -> str:
        """Its vertex's."""
        return f"sha256:{hashlib.sha256(self.key.encode()).hexdigest()}"


Input = Scratch | Local | BaseImage | FromStage | Git


def git_context(address: str, *, keep_git_dir: bool = False) -> Git | None:
    """None if it is no repository's; DockerfileError if it is one's, but asks for what there is not."""
    repository = parse_context(address)
    if repository is None:
        return None
    if keep_git_dir:
        repository = replace(repository, keep_git_dir=True)
    return Git(repository, f"[internal] load git source {address}")


@dataclass(slots=True)
class Operation(ABC):
    """One change of a stage's files. `name` is how the client sees it."""

    name: str
    line: Line
    ignore_cache: bool

    @abstractmethod
    def words(self) -> tuple[str | bytes, ...]:
        """What it does, without what it does it to: operations of equal words and equal files come to the same."""

    def reads(self) -> list[Input]:
        """What it reads besides the files that it changes."""
        return []

    def documents(self) -> list[tuple[str, bytes]]:
        """Name and content of here-documents that it finds as files."""
        return []


@dataclass(slots=True)
class MakeFolder(Operation):
    """WORKDIR."""

    path: str
    user: str
    time: int | None = None
    """SOURCE_DATE_EPOCH, in nanoseconds."""

    def words(self) -> tuple[str | bytes, ...]:
        return ("mkdir", self.path, self.user, str(self.time))


@dataclass(slots=True)
class RunMount:
    """A mount of a RUN with its input settled; `target` is absolute."""

    mount: Mount
    input: Input
    target: str
    namespace: str = ""
    """BUILDKIT_CACHE_MOUNT_NS: what stands before the names of cache mounts."""

    @property
    def sets_mode(self) -> bool:
        """A cache mount with an owner or a mode: BuildKit makes its folder in a step of its own."""
        given = (self.mount.uid, self.mount.gid, self.mount.mode)
        return self.mount.type == "cache" and any(given)

    @property
    def cache_id(self) -> str:
        """By what name the folder of a cache mount is kept."""
        return f"{self.namespace}/{self.mount.id or clean(self.mount.target)}"

    def words(self) -> str:
        """All of it but its files."""
        mount = self.mount
        return json.dumps([mount.type, self.target, mount.source, mount.id, mount.readonly])


AGENT_SOCKET = "/run/buildkit/ssh_agent.{}"
AGENT_VARIABLE = "SSH_AUTH_SOCK"


@dataclass(slots=True)
class Run(Operation):
    """RUN. `script` is the path and the content of a here-document with a `#!`."""

    argv: list[str]
    env: dict[str, str]
    user: str
    working_dir: str
    network: str
    mounts: list[RunMount] = field(default_factory=list)
    script: tuple[str, bytes] | None = None
    hosts: tuple[tuple[str, str], ...] = ()
    """(address, name) for its /etc/hosts."""
    hostname: str = ""
    shm_size: int = 0
    """Bytes; 0 means the default."""
    ulimits: tuple[tuple[str, tuple[int, int]], ...] = ()
    """(name, (soft, hard)) of `--ulimit`."""
    proxies: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    """Those of its variables that are there for proxies that no ARG asked for."""

    def words(self) -> tuple[str | bytes, ...]:
        settings = [self.argv, sorted(self.env.items()), self.user, self.working_dir, self.network]
        script = self.script[1] if self.script else b""
        return ("run", json.dumps(settings), script, *(mount.words() for mount in self.mounts))

    def reads(self) -> list[Input]:
        return [mount.input for mount in sorted(self.mounts, key=lambda mount: mount.target)]

    def documents(self) -> list[tuple[str, bytes]]:
        return [self.script] if self.script else []

    def place_agents(self) -> None:
        """Where the sockets of ssh mounts are that name no place; the first one's is told to who knows of no other."""
        agents = [mount for mount in self.mounts if mount.mount.type == "ssh"]
        for number, agent in enumerate(agents):
            if not agent.mount.target:
                agent.target = AGENT_SOCKET.format(number)
        if agents:
            first = agents[0]
            self.env.setdefault(AGENT_VARIABLE, first.mount.target or first.target)


@dataclass(slots=True)
class CopyFiles(Operation):
    """COPY and ADD. `destination` is absolute, `to_folder` when it ends with a slash; `inline` are (name, content)."""

    input: Input
    sources: list[str]
    destination: str
    to_folder: bool
    inline: list[tuple[str, bytes]]
    chown: str
    chmod: str
    exclude: list[str]
    parents: bool
    unpack: bool
    urls: list[str] = field(default_factory=list)
    """Sources that are fetched as files; the others are in `sources`."""
    checksum: str = ""
    repositories: list[Git] = field(default_factory=list)
    """Sources that are git repositories."""

    @property
    def reads_only_git(self) -> bool:
        """Then commits say what will be copied."""
        from_git = isinstance(self.input, Git) if self.sources else bool(self.repositories)
        return from_git and not self.urls

    def words(self) -> tuple[str | bytes, ...]:
        where = [self.destination, self.to_folder]
        how = [self.chown, self.chmod, self.exclude, self.parents, self.unpack]
        inline = [part for name, data in self.inline for part in (name.encode(), data)]
        return ("copy", json.dumps(where + how), *inline)

    def reads(self) -> list[Input]:
        return [*([self.input] if self.sources else []), *self.repositories]

    def documents(self) -> list[tuple[str, bytes]]:
        return self.inline

    @property
    def selects(self) -> bool:
        """Patterns have a say: then BuildKit does not mind at first that there is nothing, the copying does."""
        return bool(self.exclude) or self.parents


@dataclass(slots=True)
class PlannedStage:
    """A stage that will be built: its operations in order, and the config and history that they lead to."""

    index: int
    name: str
    base: Input
    draft: Draft
    operations: list[Operation] = field(default_factory=list)
    history: list[HistoryEntry] = field(default_factory=list)
    base_vertex: str = ""
    """The name of the FROM vertex; empty where there is none."""
    base_image: BaseImage | None = None
    """The image at the bottom, for what the result inherits."""
    platform: str = "linux/amd64"
    """What it is built for, which an image at the bottom may contradict."""
    line: Line | None = None
    """Its FROM, to be shown where the image at the bottom cannot be had."""


@dataclass(slots=True)
class Plan:
    """The stages to build, each behind those it needs; the last one is the result."""

    stages: list[PlannedStage]

    @property
    def target(self) -> PlannedStage:
        return self.stages[-1]

    @property
    def uses_host_network(self) -> bool:
        operations = (one for stage in self.stages for one in stage.operations)
        return any(isinstance(one, Run) and one.network == "host" for one in operations)

    def inputs(self) -> list[Input]:
        """Everything that any operation reads."""
        return [source for stage in self.stages for source in stage_inputs(stage)]

    def context_paths(self, name: str) -> list[str]:
        """The paths that are read from a local folder, without a leading slash; empty when it is all of it."""
        paths: set[str] = set()
        for stage in self.stages:
            for operation in stage.operations:
                paths |= _paths_read(operation, name)
        return [] if "" in paths else sorted(paths)


def emptied_mounts(stages: list[PlannedStage]) -> list[str]:
    """The names of cache mounts that begin empty: those of a RUN that ignores the cache."""
    runs = [one for stage in stages for one in stage.operations if isinstance(one, Run)]
    mounts = [mount for run in runs if run.ignore_cache for mount in run.mounts]
    return [mount.cache_id for mount in mounts if mount.mount.type == "cache"]


def stage_inputs(stage: PlannedStage) -> list[Input]:
    """What a stage starts from, and what its operations read."""
    return [stage.base, *(source for operation in stage.operations for source in operation.reads())]


def _paths_read(operation: Operation, name: str) -> set[str]:
    if isinstance(operation, CopyFiles) and operation.input == Local(name):
        return {_context_path(word) for word in operation.sources}
    if isinstance(operation, Run):
        mounts = (m for m in operation.mounts if m.input == Local(name))
        return {_context_path(m.mount.source) for m in mounts}
    return set()


def _context_path(word: str) -> str:
    return clean("/" + word).lstrip("/")
