"""docker login: whether these credentials are good for that registry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from api_schema.system import AuthConfig, AuthReply
from daemon.errors import DockerError, System, Unauthorized

if TYPE_CHECKING:
    from daemon.engine.registry_client import RegistryClient
    from daemon.engine.registry_client.failures import RegistryFailure

HUB = "docker.io"
_HUB_NAMES = ("", "docker.io", "index.docker.io", "registry-1.docker.io")


def registry_host(server_address: str) -> str:
    """The registry that a login names; `https://index.docker.io/v1/` and nothing at all are Docker Hub."""
    host = urlsplit(server_address if "//" in server_address else f"//{server_address}").netloc
    return HUB if host in _HUB_NAMES else host


async def authenticate(client: RegistryClient, asked: AuthConfig) -> AuthReply:
    """Docker's answer to good credentials; Unauthorized, or System if the registry cannot say."""
    from daemon.engine.registry_client import RegistryAuth
    from daemon.engine.registry_client.failures import RegistryFailure

    auth = RegistryAuth(asked.username, asked.password, asked.identity_token, asked.registry_token)
    failure: RegistryFailure | None = None
    for endpoint in client.push_endpoints(registry_host(asked.server_address)):
        try:
            await client.login(endpoint, auth)
        except RegistryFailure as error:
            failure = error
            if error.transport_ok:
                break
        else:
            return AuthReply(status="Login Succeeded")
    assert failure is not None
    raise _refusal(failure)


def _refusal(failure: RegistryFailure) -> DockerError:
    from daemon.engine.registry_client.failures import CredentialsNeeded, RegistryRefusal

    refused = isinstance(failure, CredentialsNeeded | RegistryRefusal)
    return Unauthorized(str(failure)) if refused else System(str(failure))
