"""`--change` of commit and import: Dockerfile lines that alter an image's config and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from api_schema.oci import ContainerConfig
from daemon.engine.build.draft import BadPort, BuildArgs, Draft
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.instructions import Instruction, parse
from daemon.engine.dockerfile.source import read
from daemon.errors import InvalidParameter

ALLOWED = frozenset(
    {"CMD", "ENTRYPOINT", "HEALTHCHECK", "ENV", "EXPOSE", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)  # fmt: skip


def changed(config: Mapping[str, Any], changes: Iterable[str]) -> dict[str, Any]:
    """`config` (Docker's member names) after the changes; InvalidParameter in the classic builder's words."""
    given = list(changes)
    draft = Draft(ContainerConfig.model_validate(dict(config)), BuildArgs({}))
    try:
        source = read("\n".join(given).encode()) if given else None
        lines = source.lines if source else []
        for line in lines:
            if line.keyword.upper() not in ALLOWED:
                raise InvalidParameter(f"{line.keyword} is not a valid change command")
        for instruction in [parse(line) for line in lines]:
            assert isinstance(instruction, Instruction)
            draft.apply(instruction)
    except BadPort as problem:
        raise InvalidParameter(problem.classic) from problem
    except DockerfileError as problem:
        raise InvalidParameter(problem.message) from problem
    return draft.config.model_dump(by_alias=True)
