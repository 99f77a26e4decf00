"""Credentials, and the challenges that a registry asks them by."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class RegistryAuth:
    """What X-Registry-Auth carries."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    registry_token: str = ""

    @classmethod
    def by_registry(cls, encoded: str) -> dict[str, RegistryAuth]:
        """X-Registry-Config of a build: logins by registry host; unreadable ones are none."""
        try:
            document = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        except (binascii.Error, ValueError):
            return {}
        if not isinstance(document, dict):
            return {}
        return {
            _host(name): cls.from_header(
                base64.urlsafe_b64encode(json.dumps(one).encode()).decode()
            )
            for name, one in document.items()
        }

    @classmethod
    def from_header(cls, encoded: str) -> RegistryAuth:
        """Anything unreadable is no login at all: Docker says that old clients send all kinds of things.

        Nor is `auth`, the form in which the CLI stores a login, as dockerd never looks at it.
        """
        try:
            data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
            document = json.loads(data) if data else {}
        except (binascii.Error, ValueError):
            return cls()
        if not isinstance(document, dict):
            return cls()
        fields = {str(key).lower(): str(value) for key, value in document.items()}
        return cls(
            fields.get("username", ""),
            fields.get("password", ""),
            fields.get("identitytoken", ""),
            fields.get("registrytoken", ""),
        )

    @property
    def basic(self) -> str | None:
        """The value of a Basic Authorization header; None without a login."""
        if not self.username or not self.password:
            return None
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()


def _host(name: str) -> str:
    """`https://index.docker.io/v1/` is how the CLI calls Docker Hub."""
    host = name.removeprefix("https://").removeprefix("http://").partition("/")[0]
    return "docker.io" if host == "index.docker.io" else host


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate header."""

    scheme: str
    realm: str
    service: str
    scope: str = ""
    error: str = ""

    @classmethod
    def parse(cls, header: str) -> Challenge | None:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() not in ("basic", "bearer"):
            return None
        fields = dict(_PARAMETER.findall(rest))
        names = ("realm", "service", "scope", "error")
        return cls(scheme.lower(), *(fields.get(name, "") for name in names))
