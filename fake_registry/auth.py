"""Who may do what: anonymous, Basic, or Bearer tokens from the registry's own token endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from aiohttp import web

from fake_registry.errors import RegistryError

TOKEN_PATH = "/token"
TOKEN_SECONDS = 300


class Access(NamedTuple):
    """`actions` of pull, push and delete on one repository; an empty name stands for the registry itself."""

    name: str
    actions: tuple[str, ...]

    def scope(self) -> str:
        return f"repository:{self.name}:{','.join(self.actions)}"

    def detail(self) -> list[dict[str, str]] | None:
        """As Docker's registry tells what was missing."""
        if not self.name:
            return None
        return [
            {"Type": "repository", "Class": "", "Name": self.name, "Action": action}
            for action in self.actions
        ]


class Authorizer(Protocol):
    def check(self, request: web.Request, access: Access) -> None:
        """Raise UNAUTHORIZED with a challenge, or DENIED, unless `access` is granted."""

    async def token(self, request: web.Request) -> web.Response | None:
        """The answer of the token endpoint, where there is one."""


class Anonymous:
    """Everybody may do everything."""

    def check(self, request: web.Request, access: Access) -> None:
        return None

    async def token(self, request: web.Request) -> web.Response | None:
        return None


class Basic:
    """Users by name and password; nothing without one."""

    def __init__(self, users: Mapping[str, str], realm: str = "Registry Realm") -> None:
        self._users = users
        self._realm = realm

    def check(self, request: web.Request, access: Access) -> None:
        login = basic_login(request)
        if login is None or not accepted(self._users, login):
            challenge = f'Basic realm="{self._realm}"'
            raise RegistryError(
                "UNAUTHORIZED", detail=access.detail(), headers={"WWW-Authenticate": challenge}
            )

    async def token(self, request: web.Request) -> web.Response | None:
        return None


class Bearer:
    """Docker's token protocol: a challenge names the realm, the realm grants what the user may do.

    With `anonymous_pull`, as on Docker Hub, anybody may pull. A wrong password is refused by the realm;
    without `users` any password is right.
    """

    def __init__(
        self,
        users: Mapping[str, str] | None,
        now: Callable[[], float],
        *,
        key: bytes = b"fake registry",
        service: str = "registry",
        anonymous_pull: bool = False,
    ) -> None:
        self._users = users
        self._now = now
        self._key = key
        self._service = service
        self._anonymous_pull = anonymous_pull

    def check(self, request: web.Request, access: Access) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise self._challenge(request, access)
        claims = self._claims(token)
        if claims is None:
            raise self._challenge(request, access, error="invalid_token")
        granted = claims["access"].get(access.name, ())
        if access.name and not set(access.actions) <= set(granted):
            raise self._challenge(request, access, error="insufficient_scope")

    def _challenge(self, request: web.Request, access: Access, error: str = "") -> RegistryError:
        parts = [
            f'realm="{request.scheme}://{request.host}{TOKEN_PATH}"',
            f'service="{self._service}"',
        ]
        if access.name:
            parts.append(f'scope="{access.scope()}"')
        if error:
            parts.append(f'error="{error}"')
        headers = {"WWW-Authenticate": "Bearer " + ",".join(parts)}
        return RegistryError("UNAUTHORIZED", headers=headers, detail=access.detail())

    async def token(self, request: web.Request) -> web.Response | None:
        fields = await request.post() if request.method == "POST" else {}
        login = basic_login(request)
        if "username" in fields:
            login = (str(fields["username"]), str(fields.get("password", "")))
        if login is not None and self._users is not None and not accepted(self._users, login):
            raise RegistryError("UNAUTHORIZED", message="incorrect username or password")
        asked = [*request.query.getall("scope", []), str(fields.get("scope", ""))]
        granted = self._grant(login, " ".join(asked).split())
        token = self._sign({"access": granted, "expires": self._now() + TOKEN_SECONDS})
        return web.json_response(
            {"token": token, "access_token": token, "expires_in": TOKEN_SECONDS}
        )

    def _grant(self, login: tuple[str, str] | None, scopes: list[str]) -> dict[str, list[str]]:
        allowed = {"pull"} if self._anonymous_pull else set()
        if login is not None:
            allowed = {"pull", "push", "delete", "*"}
        granted: dict[str, list[str]] = {}
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository":
                granted[name] = [a for a in actions.split(",") if a in allowed]
        return granted

    def _sign(self, claims: dict[str, Any]) -> str:
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return f"{payload}.{self._signature(payload)}"

    def _signature(self, payload: str) -> str:
        return hmac.new(self._key, payload.encode(), hashlib.sha256).hexdigest()

    def _claims(self, token: str) -> dict[str, Any] | None:
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(payload).encode()):
            return None
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload))
        return claims if claims["expires"] > self._now() else None


def basic_login(request: web.Request) -> tuple[str, str] | None:
    """User and password of a Basic Authorization header."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return (user, password)


def accepted(users: Mapping[str, str], login: tuple[str, str]) -> bool:
    user, password = login
    expected = users.get(user)
    return expected is not None and hmac.compare_digest(expected.encode(), password.encode())
