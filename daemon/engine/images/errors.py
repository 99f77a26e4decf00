"""A registry's failures as the kinds of error that Docker answers."""

from __future__ import annotations

from api_schema.oci import Reference
from daemon.engine.registry_client import RegistryFailure, RegistryRefusal
from daemon.errors import DockerError, NotFound, System

# The registry's code: what Docker writes before it; such a pull is 404, any other failure 500.
_PULL_TEXTS = {
    "DENIED": (
        "pull access denied for {name}, repository does not exist or may require 'docker login'"
    ),
    "MANIFEST_UNKNOWN": "manifest for {reference} not found",
    "NAME_UNKNOWN": "repository {name} not found",
}


def pull_error(failure: RegistryFailure, reference: Reference) -> DockerError:
    if isinstance(failure, RegistryRefusal) and failure.code in _PULL_TEXTS:
        text = _PULL_TEXTS[failure.code].format(
            name=reference.familiar_name, reference=reference.familiar
        )
        return NotFound(f"{text}: {failure}")
    return System(str(failure))
