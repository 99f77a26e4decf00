"""Where a build's result comes from, as SLSA provenance 0.2: what `--metadata-file` and `history inspect` show."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from api_schema.go_time import go_time
from api_schema.oci import Reference
from daemon.engine.build import operations as ops
from daemon.fs.layers import chain_id

MEDIA_TYPE = "application/vnd.in-toto+json"
PREDICATE = "https://slsa.dev/provenance/v0.2"
EXTENSION = "https://mobyproject.org/buildkit@v1#metadata"
BUILD_TYPE = "https://mobyproject.org/buildkit@v1"
ARGUMENTS = ("build-arg:", "label:")


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


def provenance(plan: ops.Plan, attributes: Mapping[str, str], invocation: Invocation) -> Document:
    """Materials are the images that were read, known by their layers; arguments those that a Dockerfile sees."""
    args = {n: v for n, v in sorted(attributes.items()) if n.startswith(ARGUMENTS)}
    parameters: dict[str, Any] = {"frontend": "dockerfile.v0"}
    if args:
        parameters["args"] = args
    parameters["locals"] = [{"name": "context"}, {"name": "dockerfile"}]
    found = (one for one in plan.inputs() if isinstance(one, ops.BaseImage))
    images = {one.name: one for one in found if one.name}
    document = {
        "builder": {"id": ""},
        "buildType": BUILD_TYPE,
        "materials": [_material(image) for image in images.values()],
        "invocation": {
            "configSource": {"entryPoint": invocation.filename},
            "parameters": parameters,
            "environment": {"platform": "linux/amd64"},
        },
        "metadata": _metadata(invocation),
    }
    return Document(json.dumps(document).encode())


def _metadata(invocation: Invocation) -> dict[str, Any]:
    """When it was built, and the text that it was built from. What comes from a folder of the client is no material."""
    source = {
        "filename": invocation.filename,
        "language": "Dockerfile",
        "data": base64.b64encode(invocation.dockerfile).decode(),
    }
    return {
        "buildInvocationID": invocation.id,
        "buildStartedOn": go_time(invocation.started),
        "buildFinishedOn": go_time(invocation.finished),
        "completeness": {"parameters": True, "environment": True, "materials": False},
        "reproducible": False,
        EXTENSION: {"source": {"infos": [source]}},
    }


def _material(image: ops.BaseImage) -> dict[str, Any]:
    reference = Reference.parse(image.name)
    platform = quote(f"{image.os}/{image.architecture}", safe="")
    return {
        "uri": f"pkg:docker/{reference.familiar_name}@{reference.tag}?platform={platform}",
        "digest": {"sha256": chain_id(image.diff_ids).partition(":")[2]},
    }
