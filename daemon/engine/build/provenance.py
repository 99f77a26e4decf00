"""Where a build's result comes from, as SLSA provenance 0.2: what `--metadata-file` and `history inspect` show."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from api_schema.go_time import go_time
from api_schema.oci import Reference
from daemon.engine.build import operations as ops
from daemon.engine.build.build_config import Steps, dockerfile_steps, layers_made, steps_of
from daemon.engine.build.git.addresses import (
    AUTH_HEADER,
    AUTH_TOKEN,
    SSH,
    SSH_AGENT,
    Repository,
    parse_context,
    redacted,
)
from daemon.engine.build.llb import Definition, Sources
from daemon.engine.build.options import implied
from daemon.fs.layers import chain_id

MEDIA_TYPE = "application/vnd.in-toto+json"
PREDICATE = "https://slsa.dev/provenance/v0.2"
EXTENSION = "https://mobyproject.org/buildkit@v1#metadata"
HERMETIC = "https://mobyproject.org/buildkit@v1#hermetic"
BUILD_TYPE = "https://mobyproject.org/buildkit@v1"
OF_THE_HOST = ("cgroup-parent", "image-resolve-mode", "platform", "cache-imports")
VCS, ATTESTATION, CONTEXT = "vcs:", "attest:", "context"
SHA256_DIGITS = 64
DEFAULT_AGENT = "default"


@dataclass(frozen=True, slots=True)
class Document:
    """Content that a record of the history names by its digest."""

    data: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


@dataclass(frozen=True, slots=True)
class Invocation:
    """One build: its reference, when it ran (nanoseconds since the epoch), and of which Dockerfile."""

    id: str
    started: int
    finished: int
    filename: str = "Dockerfile"
    dockerfile: bytes = b""
    session: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a build came upon: the layers of its result, commits of repositories, digests of files at URLs."""

    diff_ids: Sequence[str] = ()
    commits: Mapping[ops.Git, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def provenance(
    plan: ops.Plan,
    attributes: Mapping[str, str],
    invocation: Invocation,
    sources: Sources,
    found: Found,
) -> Document:
    """Materials are what was read that anyone could read again: images by their layers, commits, files."""
    definition = Definition(plan, sources)
    steps = steps_of(definition)
    materials = list(_materials(plan, found))
    folders = _folders(plan, attributes)
    document: dict[str, Any] = {"builder": {"id": ""}, "buildType": BUILD_TYPE}
    if materials:
        document["materials"] = materials
    document["invocation"] = {
        "configSource": _config_source(attributes, invocation, materials),
        "parameters": _parameters(plan, attributes, folders, found.commits),
        "environment": {"platform": "linux/amd64"},
    }
    document["buildConfig"] = steps.config()
    document["metadata"] = _metadata(invocation, complete=not folders)
    told = document["metadata"][EXTENSION] = _extension(attributes, invocation, steps, sources)
    told["layers"] = steps.layers(layers_made(definition, found.diff_ids))
    return Document(json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogateescape"))


def _folders(plan: ops.Plan, attributes: Mapping[str, str]) -> list[str]:
    """The client's folders that anything was asked of."""
    named = {one.name for one in plan.inputs() if isinstance(one, ops.Local)}
    if not attributes.get(CONTEXT):
        named |= {"context", "dockerfile"}
    elif key := attributes.get("dockerfilekey"):
        named.add(key)
    return sorted(named)


def _parameters(
    plan: ops.Plan, attributes: Mapping[str, str], folders: Sequence[str], git: Collection[ops.Git]
) -> dict[str, Any]:
    found: dict[str, Any] = {"frontend": "dockerfile.v0"}
    if args := dict(_arguments(attributes)):
        found["args"] = args
    secrets = (AUTH_HEADER, AUTH_TOKEN) if git else ()
    agents = {SSH_AGENT for source in git if source.repository.remote.scheme == SSH}
    for kind, member, offered in (("secret", "secrets", secrets), ("ssh", "ssh", agents)):
        if needed := _needed(plan, kind, offered):
            found[member] = needed
    if folders:
        found["locals"] = [{"name": name} for name in folders]
    return found


def _arguments(attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted({**attributes, **implied(attributes)}.items()):
        if name in (CONTEXT, "filename", *OF_THE_HOST) or name.startswith((VCS, ATTESTATION)):
            continue
        yield name, redacted(value) if name.startswith(f"{CONTEXT}:") else value


def _needed(plan: ops.Plan, kind: str, offered: Iterable[str]) -> list[dict[str, Any]]:
    """Secrets or agents by name; optional if no step insists on one, as those that git is `offered`."""
    optional = dict.fromkeys(offered, True)
    for stage in plan.stages:
        for run in stage.operations:
            for mount in run.mounts if isinstance(run, ops.Run) else ():
                if (spec := mount.mount).type == kind:
                    name = spec.secret_id if kind == "secret" else spec.id or DEFAULT_AGENT
                    optional[name] = optional.get(name, True) and not spec.required
    return [
        {"id": name} | ({"optional": True} if optional[name] else {}) for name in sorted(optional)
    ]


def _config_source(
    attributes: Mapping[str, str], invocation: Invocation, materials: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if context := attributes.get(CONTEXT, ""):
        repository = parse_context(context)
        uri = found["uri"] = _uri(repository) if repository else redacted(context)
        known = {material["uri"]: material["digest"] for material in materials}
        if uri in known:
            found["digest"] = known[uri]
    return found | {"entryPoint": attributes.get("filename") or invocation.filename}


def _metadata(invocation: Invocation, *, complete: bool) -> dict[str, Any]:
    """When it was built. What comes from a folder of the client is no material."""
    return {
        "buildInvocationID": invocation.id,
        "buildStartedOn": go_time(invocation.started),
        "buildFinishedOn": go_time(invocation.finished),
        "completeness": {"parameters": True, "environment": True, "materials": complete},
        "reproducible": False,
    }


def _extension(
    attributes: Mapping[str, str], invocation: Invocation, steps: Steps, sources: Sources
) -> dict[str, Any]:
    """The text that it was built from, and what the client says of where it keeps that."""
    info: dict[str, Any] = {
        "filename": invocation.filename,
        "language": "Dockerfile",
        "data": base64.b64encode(invocation.dockerfile).decode(),
    }
    key = attributes.get("dockerfilekey") or "dockerfile"
    if not attributes.get(CONTEXT) or "dockerfilekey" in attributes:
        info |= dockerfile_steps(invocation.filename, key, sources.session).config()
    found: dict[str, Any] = {}
    vcs = {n.removeprefix(VCS): v for n, v in sorted(attributes.items()) if n.startswith(VCS) and v}
    if vcs:
        found["vcs"] = vcs | ({"source": redacted(vcs["source"])} if "source" in vcs else {})
    return found | {"source": {"locations": steps.locations(), "infos": [info]}}


def _materials(plan: ops.Plan, found: Found) -> Iterator[dict[str, Any]]:
    images = {one.name: one for one in plan.inputs() if isinstance(one, ops.BaseImage) and one.name}
    for image in images.values():
        reference = Reference.parse(image.name)
        platform = quote(f"{image.os}/{image.architecture}", safe="")
        yield {
            "uri": f"pkg:docker/{reference.familiar_name}@{reference.tag}?platform={platform}",
            "digest": {"sha256": chain_id(image.diff_ids).partition(":")[2]},
        }
    commits = {_uri(source.repository): commit for source, commit in found.commits.items()}
    for uri, commit in sorted(commits.items()):
        algorithm = "sha256" if len(commit) == SHA256_DIGITS else "sha1"
        yield {"uri": uri, "digest": {algorithm: commit}}
    for url, digest in sorted(found.files.items()):
        algorithm, _, value = digest.partition(":")
        yield {"uri": redacted(url), "digest": {algorithm: value}}


def _uri(repository: Repository) -> str:
    return repository.remote.shown + (f"#{repository.ref}" if repository.ref else "")
