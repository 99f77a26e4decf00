"""What a build of BuildKit is: its request, what the frontend made of it, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Uses
from daemon.engine.build.evaluator import Snapshot
from daemon.engine.build.local import Locals
from daemon.engine.build.options import Options
from daemon.engine.build.progress import Progress
from daemon.engine.build.provenance import Document
from daemon.engine.build.remotes import Remotes
from daemon.engine.build.sources import Sources
from daemon.engine.images.threads import behind_the_loop
from daemon.fs.memory import MemoryTree


@dataclass(slots=True)
class Exporter:
    """Where a result goes: `moby` and `image` keep it here, `local` and `tar` send it to the client."""

    type: str
    attributes: Mapping[str, str]


@dataclass(slots=True)
class Prepared:
    """What the frontend made of a Dockerfile."""

    options: Options
    plan: ops.Plan
    locals: Locals
    remotes: Remotes
    snapshot: Snapshot | None = None
    """The files, once they have been made."""


@dataclass(slots=True)
class Job:
    """One build. `returned` is what the client said of the frontend's result: an id of `prepared`, or its error."""

    ref: str
    attributes: Mapping[str, str]
    exporters: Sequence[Exporter]
    progress: Progress
    created: int
    returned: asyncio.Future[str]
    internal: bool = False
    session: str = ""
    entitlements: tuple[str, ...] = ()
    inputs: dict[str, str] = field(default_factory=dict)
    inline_cache: bool = False
    """`--cache-to type=inline`, which BUILDKIT_INLINE_CACHE=1 is turned into by clients."""
    completed: int | None = None
    error: BaseException | None = None
    response: dict[str, str] = field(default_factory=dict)
    prepared: dict[str, Prepared] = field(default_factory=dict)
    dockerfile: tuple[str, bytes] = ("Dockerfile", b"")
    pinned: bool = False
    attestation: Document | None = None
    documents: set[str] = field(default_factory=set)
    """Digests of the content that the history's record of it names."""

    trees: list[MemoryTree] = field(default_factory=list)
    """What the client has sent as one file."""

    sources: Sources | None = None
    """What of its folders is kept."""
    uses: Uses = field(init=False)

    def __post_init__(self) -> None:
        self.uses = Uses(self.progress.clock)

    def release(self) -> None:
        """Nothing but the history's record is left of a build that has ended.

        Its trees are emptied, for the frames of a transfer that was cut off would keep them.
        """
        self.prepared.clear()
        self.uses.release()
        if self.sources:
            self.sources.release()
        while self.trees:
            tree = self.trees.pop()
            behind_the_loop(tree.used, tree.clear)
