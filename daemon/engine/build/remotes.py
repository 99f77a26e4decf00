"""What one build fetches from elsewhere: files at URLs and git repositories."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from daemon.engine.build import operations as ops
from daemon.engine.build.git.inputs import GitInputs
from daemon.engine.build.graph import Graph
from daemon.engine.build.url_inputs import UrlInputs


@dataclass(frozen=True, slots=True)
class Remotes:
    """Each is fetched once, by whoever needs it first."""

    urls: UrlInputs
    git: GitInputs

    def ask(self, graph: Graph, group: asyncio.TaskGroup) -> None:
        """For all at once, before anything is run: what cannot be had ends the build."""
        for stage in graph.stages:
            for source in ops.stage_inputs(stage):
                if isinstance(source, ops.Git):
                    group.create_task(self.git.key(source))
            for step in stage.operations:
                if isinstance(step, ops.CopyFiles):
                    for url in step.urls:
                        group.create_task(self.urls.file(url, step))
