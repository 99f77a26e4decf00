"""The vertexes of a plan before anything is done: what each is called, what it needs, and a digest that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import key_of
from daemon.fs.layers import chain_id

IGNORES_CACHE = "ignores the cache"


@dataclass(frozen=True, slots=True)
class Node:
    """One vertex; `inputs` are digests of others."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    ignores_cache: bool = False


class Graph:
    """A plan's vertexes by digest, each behind its inputs. Equal steps on equal inputs are one, in all builds.

    Of several that are one the last one names it, going from the target down: to what a stage starts from first,
    then to what its operations read. `local` gives the digest of a client's folder.

    The digests are this daemon's own. BuildKit's, which llb.py makes for the provenance, take ten times as long, and
    those of the client's folders can only be known once the ignore files have been read.
    """

    def __init__(self, plan: ops.Plan, local: Callable[[str], str]) -> None:
        self.plan = plan
        self.nodes: dict[str, Node] = {}
        self.steps: dict[int, list[str]] = {}
        """The digests of a stage's operations, by the stage's index."""
        self._local = local
        self._stages = {stage.index: stage for stage in plan.stages}
        self._ends: dict[int, str] = {}
        self._below: dict[int, str] = {}
        """The vertexes that operations stand on, by their identity: the plan keeps them."""
        self._walk()

    @property
    def stages(self) -> list[ops.PlannedStage]:
        """Those that the target is made of, each behind those it needs."""
        return [stage for stage in self.plan.stages if stage.index in self.steps]

    def image(self, image: ops.BaseImage) -> str:
        """The digest of an image's vertex; empty where it has none, as another build's result or without any layer."""
        if not (image.name and image.diff_ids):
            return ""
        return f"sha256:{key_of('image', image.name, chain_id(image.diff_ids))}"

    def stands_on(self, operation: ops.Operation, source: ops.Input) -> bool:
        """Whether an operation reads the very vertex that it changes: BuildKit then takes no checksum of the source."""
        below = self._below[id(operation)]
        return bool(below) and self._digest(source) == below

    def _walk(self) -> None:
        todo = [self._stage(self.plan.target)]
        while todo:
            needed = next(todo[-1], None)
            if needed is None:
                todo.pop()
            elif needed.index not in self._ends:
                todo.append(self._stage(needed))

    def _stage(self, stage: ops.PlannedStage) -> Iterator[ops.PlannedStage]:
        """Adds one stage; comes back with every stage that has to be added first."""
        yield from self._needed(stage.base)
        below = self._input(stage.base, stage.base_vertex)
        self.steps[stage.index] = []
        for operation in stage.operations:
            inputs = [below]
            for source in operation.reads():
                yield from self._needed(source)
                inputs.append(self._input(source))
            self._below[id(operation)] = below
            below = self._add(operation, [digest for digest in inputs if digest])
            self.steps[stage.index].append(below)
        self._ends[stage.index] = below

    def _needed(self, source: ops.Input) -> Iterator[ops.PlannedStage]:
        if isinstance(source, ops.FromStage):
            yield self._stages[source.index]

    def _input(self, source: ops.Input, name: str = "") -> str:
        digest = self._digest(source)
        if isinstance(source, ops.BaseImage) and digest:
            self._keep(Node(digest, name or source.vertex or f"FROM {source.name}"))
        return digest

    def _digest(self, source: ops.Input) -> str:
        """Empty for what is no vertex."""
        match source:
            case ops.FromStage():
                return self._ends[source.index]
            case ops.Local():
                return self._local(source.name)
            case ops.Git():
                return source.digest
            case ops.BaseImage():
                return self.image(source)
        return ""

    def _add(self, operation: ops.Operation, inputs: list[str]) -> str:
        mark = (IGNORES_CACHE,) if operation.ignore_cache else ()
        digest = f"sha256:{key_of(*_words(operation), '|', *inputs, '|', *mark)}"
        self._keep(
            Node(digest, operation.name, tuple(dict.fromkeys(inputs)), operation.ignore_cache)
        )
        return digest

    def _keep(self, node: Node) -> None:
        known = self.nodes.get(node.digest)
        self.nodes[node.digest] = replace(known, name=node.name) if known else node


def _words(operation: ops.Operation) -> tuple[str | bytes, ...]:
    """What makes an operation that one; of files that it copies, where they are."""
    if isinstance(operation, ops.CopyFiles):
        return (*operation.words(), *operation.sources, "|", *operation.urls, operation.checksum)
    return operation.words()
