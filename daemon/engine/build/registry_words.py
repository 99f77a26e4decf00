"""What BuildKit says when a registry does not give what a build asked it for."""

from __future__ import annotations

import re

from api_schema.oci import Reference
from daemon.engine.build.client import SaidByClient
from daemon.engine.registry_client import RegistryFailure, Unreachable
from daemon.engine.registry_client.containerd import ClientRefused
from daemon.errors import DockerError, InvalidParameter, NotFound, System

DENIED = (
    "pull access denied, repository does not exist or may require authorization: "
    "server message: insufficient_scope: authorization failed"
)
_REQUEST = re.compile(r'(?:Get|Head) "https?(://[^/]+/v2/)[^"]*": (.*)', re.DOTALL)


def more_telling(before: RegistryFailure | None, now: RegistryFailure) -> RegistryFailure:
    """Of several endpoints' failures the one that came furthest, or the first."""
    return before if before and isinstance(now, Unreachable) else now


def told(failure: RegistryFailure, reference: Reference) -> DockerError | None:
    """None for a refusal, of which dockerd has its own kinds."""
    if isinstance(failure, ClientRefused):
        return SaidByClient(str(failure), failure.said)
    if isinstance(failure, Unreachable) and (request := _REQUEST.fullmatch(str(failure))):
        # Plain HTTP is tried, too, but the first failure is the one to be told.
        url = f"https{request[1]}{reference.path}/manifests/{reference.digest or reference.tag}"
        return System(f'failed to do request: Head "{url}": {request[2]}')
    return None


def in_words_of_buildkit(problem: DockerError, reference: Reference) -> DockerError:
    """What dockerd has other words for."""
    text = str(problem)
    if isinstance(problem, NotFound):
        denied = text.startswith("pull access denied")
        return NotFound(DENIED if denied else f"{reference}: not found")
    if isinstance(problem, InvalidParameter) and text.startswith("no matching manifest"):
        return NotFound("no match for platform in manifest: not found")
    return problem
