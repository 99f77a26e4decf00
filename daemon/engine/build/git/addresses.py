"""Addresses of git repositories, as BuildKit's Dockerfile frontend reads them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.go_url import GoUrl, GoUrlError
from daemon.engine.go_url import parse as parse_url

GITHUB = "github.com/"
"""Of a context these are repositories, too; ADD takes them for folders."""
AUTH_HEADER, AUTH_TOKEN = "GIT_AUTH_HEADER", "GIT_AUTH_TOKEN"
"""Secrets that log in, if the client has them."""
SSH = "ssh"
SSH_AGENT = "default"
TAGS, BRANCHES = "refs/tags/", "refs/heads/"
_SCHEME = re.compile(r"([a-zA-Z0-9]+)://")
_HTTP = ("http", "https")
_TRANSPORTS = (*_HTTP, SSH, "git")
_SCP = re.compile(r"([\w-]+)@([a-zA-Z0-9.-]+):([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.ASCII | re.S)
_COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
BOOLEANS = dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "FALSE", "false", "False"), False
)
"""Go's strconv.ParseBool."""
_SWITCHES = ("submodules", "keep-git-dir")
_QUERIES = (*_SWITCHES, "ref", "tag", "branch", "subdir", "checksum", "commit")
_MASK = "xxxxx"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is: `url` is what git is given, `shown` the same without its login."""

    url: str
    scheme: str
    host: str
    path: str
    shown: str


@dataclass(frozen=True, slots=True)
class Repository:
    """What is wanted of which repository."""

    remote: Remote
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool | None = None
    submodules: bool = True

    @property
    def identifier(self) -> str:
        """BuildKit's name for it, which is the same for all transports."""
        found = f"git://{self.remote.host}{posixpath.normpath('/' + self.remote.path.lstrip('/'))}"
        if not (self.ref or self.subdir):
            return found
        return f"{found}#{self.ref}" + (f":{self.subdir}" if self.subdir else "")

    @property
    def attributes(self) -> dict[str, str]:
        """What else BuildKit tells its git source."""
        found = {"git.authheadersecret": AUTH_HEADER, "git.authtokensecret": AUTH_TOKEN}
        if self.checksum:
            found["git.checksum"] = self.checksum
        found["git.fullurl"] = self.remote.url
        if self.keep_git_dir:
            found["git.keepgitdir"] = "true"
        if self.remote.scheme == SSH:
            found["git.mountsshsock"] = SSH_AGENT
        if not self.submodules:
            found["git.skipsubmodules"] = "true"
        return found


def is_commit(text: str) -> bool:
    """Whether a ref is a commit's whole name."""
    return _COMMIT.fullmatch(text) is not None


def parse(text: str) -> Repository | None:
    """None if the address is no repository's; DockerfileError if it is, but asks for what there is not."""
    if scheme := _SCHEME.match(text):
        return _from_url(text, ".git") if scheme[1].lower() in _TRANSPORTS else None
    if not (scp := _SCP.fullmatch(text)):
        return None
    user, host, path, query, fragment = scp.groups("")
    url = f"{user}@{host}:{path}"
    return _wanted(Remote(url, SSH, host, path, url), query, fragment)


def parse_context(text: str) -> Repository | None:
    """As `parse`, with GitHub's addresses in their short form."""
    return _from_url(f"https://{text}") if text.startswith(GITHUB) else parse(text)


def _from_url(text: str, ending: str = "") -> Repository | None:
    """HTTP serves many things: `ending` is what a repository's path ends with there."""
    try:
        url = parse_url(text)
    except GoUrlError:
        return None
    path = unquote(url.path, errors="surrogateescape")
    if url.scheme in _HTTP and not path.endswith(ending):
        return None
    query, _, fragment = url.behind.partition("#")
    remote = Remote(_written(url), url.scheme, url.host, path, _written(url, _MASK))
    return _wanted(remote, query.removeprefix("?"), unquote(fragment, errors="surrogateescape"))


def _written(url: GoUrl, mask: str = "") -> str:
    user = "" if url.user is None else (url.user and mask) or url.user
    password = "" if url.password is None else f":{mask or url.password}"
    at = "" if url.user is None else "@"
    return f"{url.scheme}://{user}{password}{at}{url.host}{url.path}"


def redacted(url: str) -> str:
    """The same without its login; what is no URL is left as it is."""
    try:
        parts = parse_url(url)
    except GoUrlError:
        return url
    return _written(parts, _MASK) + parts.behind if parts.user is not None else url


def _wanted(remote: Remote, query: str, fragment: str) -> Repository:
    ref, _, subdir = fragment.partition(":")
    asked = _read_query(query)
    found = Repository(remote, ref, _normal(subdir))
    if "subdir" in asked:
        if found.subdir not in ("", asked["subdir"]):
            raise _conflict("subdir", found.subdir, asked["subdir"])
        found = replace(found, subdir=_normal(asked["subdir"]))
    return replace(
        found,
        ref=_ref(found.ref, asked),
        checksum=asked.get("commit", "") or asked.get("checksum", ""),
        keep_git_dir=_switch(asked, "keep-git-dir"),
        submodules=_switch(asked, "submodules") is not False,
    )


def _normal(subdir: str) -> str:
    """No way leads out of the repository."""
    return posixpath.normpath("/" + subdir.lstrip("/")).lstrip("/")


def _read_query(query: str) -> dict[str, str]:
    found = {}
    for name, values in parse_qs(query, keep_blank_values=True).items():
        if len(values) > 1:
            raise DockerfileError(f'query "{name}" has multiple values')
        if not values[0] and name not in _SWITCHES:
            raise DockerfileError(f'query "{name}" has no value')
        if name not in _QUERIES:
            raise DockerfileError(f'unexpected query "{name}"')
        found[name] = values[0]
    return found


def _ref(ref: str, asked: Mapping[str, str]) -> str:
    """One ref, however often it was said."""
    wanted = [(asked[name], prefix) for name, prefix in _REFS.items() if name in asked]
    if "tag" in asked and "branch" in asked:
        raise DockerfileError("branch conflicts with tag")
    for name, prefix in wanted:
        whole = name if name.startswith(prefix) else prefix + name
        if ref not in ("", whole):
            raise _conflict("ref", ref, whole)
        ref = whole
    return ref


_REFS = {"ref": "", "tag": TAGS, "branch": BRANCHES}
"""How a ref may be asked for, and what is in front of its whole name."""


def _conflict(what: str, one: str, other: str) -> DockerfileError:
    return DockerfileError(f'{what} conflicts: "{one}" vs "{other}"')


def _switch(asked: Mapping[str, str], name: str) -> bool | None:
    """Named without a value it is on."""
    if name not in asked:
        return None
    value = BOOLEANS.get(asked[name] or "true")
    if value is None:
        raise DockerfileError(f'invalid {name} value: "{asked[name]}"')
    return value
