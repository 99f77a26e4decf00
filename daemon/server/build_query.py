"""The query of `POST /build`, read and refused in the order in which dockerd does it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.builds import BuildOutput
from api_schema.changes.v1_30 import BuildAux
from api_schema.changes.v1_32 import BuildPlatform
from api_schema.changes.v1_40 import BuildOutputs
from api_schema.changes.v1_48 import PruneSpaces
from api_schema.go_shapes import List, Map, Nullable, Path, Scalar, Shape
from api_schema.host_config import Ulimit
from api_schema.oci import Reference
from daemon.engine.build.posted_options import Output, PostedOptions
from daemon.engine.images.service import parse_reference
from daemon.errors import InvalidParameter, System
from daemon.server.query import Query
from daemon.server.request import Request

CLASSIC, BUILDKIT = "1", "2"
OLD_SPACE = "keep-storage"
HOST_NUMBERS = {
    "memory": "Memory",
    "memswap": "MemorySwap",
    "cpushares": "CpuShares",
    "cpuperiod": "CpuPeriod",
    "cpuquota": "CpuQuota",
}
NUMBER = re.compile(r"[+-]?\d{1,18}")
"""Anything else counts as not given."""
HOST_TEXTS = {
    "cpusetcpus": "CpusetCpus",
    "cpusetmems": "CpusetMems",
    "networkmode": "NetworkMode",
    "cgroupparent": "CgroupParent",
}
_TEXT = Scalar("string", str, "")
_TEXTS = Map("map[string]string", _TEXT)
_TEXTS_OR_NULLS = Map("map[string]*string", Nullable("string", _TEXT))
_LIST = List("[]string", _TEXT)
_ULIMITS = List("[]*units.Ulimit", Nullable("units.Ulimit", shape_for(Ulimit)))
_OUTPUTS = List("[]build.ImageBuildOutput", shape_for(BuildOutput))


def read_options(request: Request) -> PostedOptions:
    query = request.query
    if "securityopt" in query:
        raise InvalidParameter("security options are not supported on linux")
    outputs = _outputs(request)
    host_config = _host_config(query)
    args: dict[str, str | None] = (
        _json(query, "buildargs", "error reading build args", _TEXTS_OR_NULLS) or {}
    )
    labels = _json(query, "labels", "error reading labels", _TEXTS) or {}
    cache_from = _json(query, "cachefrom", "error reading cache-from", _LIST)
    forced = query.flag("forcerm")
    return PostedOptions(
        dockerfile=query.get("dockerfile") or "Dockerfile",
        tags=query.all("t"),
        args={name: value for name, value in args.items() if value is not None},
        unset_args=frozenset(name for name, value in args.items() if value is None),
        labels=labels,
        target=query.get("target"),
        no_cache=query.flag("nocache"),
        pull=query.flag("pull"),
        remove=forced or not query.get("rm") or query.flag("rm"),
        force_remove=forced,
        quiet=query.flag("q"),
        cache_from=cache_from or None,
        platform=query.get("platform") if BuildPlatform.applies_to(request.version) else "",
        host_config=host_config,
        aux=BuildAux.applies_to(request.version),
        outputs=outputs,
        remote=query.get("remote"),
        session=query.get("session"),
        build_id=query.get("buildid"),
    )


def read_version(query: Query) -> str:
    """Which builder; and what neither may be asked for."""
    version = query.get("version") or CLASSIC
    if version not in (CLASSIC, BUILDKIT):
        raise InvalidParameter(f'invalid version "{version}"')
    if query.flag("squash"):
        raise InvalidParameter("squash is only supported with experimental mode")
    return version


def check_spaces(request: Request) -> None:
    """How much a prune of the cache leaves, of which only the form is looked at."""
    query = request.query
    if not PruneSpaces.applies_to(request.version):
        _bytes(query, OLD_SPACE)
        return
    if not _bytes(query, "reserved-space"):
        _bytes(query, OLD_SPACE)
    for name in ("max-used-space", "min-free-space"):
        _bytes(query, name)


def _bytes(query: Query, name: str) -> int:
    try:
        return query.int(name)
    except System as problem:
        text = f"{name} is in bytes and expects an integer, got {query.get(name)}: {problem}"
        raise InvalidParameter(text) from None


def read_tags(texts: Iterable[str]) -> list[Reference]:
    """Each once, and none for those that are empty."""
    return list(dict.fromkeys(_tag(text) for text in texts if text))


def _tag(text: str) -> Reference:
    """What is wrong with it has no kind here, so the status is 500."""
    try:
        reference = parse_reference(text)
    except InvalidParameter as problem:
        raise System(str(problem)) from None
    if reference.digest:
        raise System("build tag cannot contain a digest")
    return reference.tagged()


def _outputs(request: Request) -> tuple[Output, ...]:
    if not BuildOutputs.applies_to(request.version):
        return ()
    found = _json(request.query, "outputs", "invalid outputs specified", _OUTPUTS) or ()
    models = (BuildOutput.model_validate(one) for one in found)
    return tuple(Output(one.type, one.attrs) for one in models)


def _host_config(query: Query) -> dict[str, object]:
    found: dict[str, object] = {
        name: int(query.get(key))
        for key, name in HOST_NUMBERS.items()
        if NUMBER.fullmatch(query.get(key))
    }
    found |= {name: query.get(key) for key, name in HOST_TEXTS.items() if query.get(key)}
    if hosts := query.all("extrahosts"):
        found["ExtraHosts"] = hosts
    if size := query.int("shmsize", function="ParseInt"):
        found["ShmSize"] = size
    isolation = query.get("isolation")
    if isolation.lower() not in ("", "default"):
        raise InvalidParameter(f'unsupported isolation: "{isolation}"')
    if ulimits := _json(query, "ulimits", "error reading ulimit settings", _ULIMITS):
        found["Ulimits"] = ulimits
    return found


def _json(query: Query, name: str, problem_is: str, shape: Shape) -> Any:  # noqa: ANN401 - the shape's
    """A parameter that holds JSON; None if it is empty, or null."""
    if not query.get(name):
        return None
    try:
        found = go_json.unmarshal(query.get(name).encode("utf-8", "replace"))
        return None if found is None else shape.read(found, Path(""))
    except go_json.GoDecodeError as problem:
        raise InvalidParameter(f"{problem_is}: {problem}") from None
