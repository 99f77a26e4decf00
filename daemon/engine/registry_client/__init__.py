"""Speaks to any OCI registry over HTTP; Docker Hub's names are answered by a registry of the daemon's own."""

from daemon.engine.registry_client.auth import RegistryAuth
from daemon.engine.registry_client.client import RegistryClient
from daemon.engine.registry_client.endpoints import Endpoint
from daemon.engine.registry_client.failures import RegistryFailure, RegistryRefusal, Unreachable
from daemon.engine.registry_client.repository import RemoteManifest, Repository

__all__ = [
    "Endpoint",
    "RegistryAuth",
    "RegistryClient",
    "RegistryFailure",
    "RegistryRefusal",
    "RemoteManifest",
    "Repository",
    "Unreachable",
]
