"""Image names and digests, by the grammar of github.com/distribution/reference and its error texts."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

DEFAULT_DOMAIN = "docker.io"
LEGACY_DOMAIN = "index.docker.io"
OFFICIAL_PREFIX = "library/"
DEFAULT_TAG = "latest"
REPOSITORY_NAME_MAX = 255

_SEPARATOR = r"(?:[._]|__|[-]+)"
_PATH_COMPONENT = rf"[a-z0-9]+(?:{_SEPARATOR}[a-z0-9]+)*"
_REMOTE_NAME = rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*"
_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[(?:[a-fA-F0-9:]+)\])"
_DOMAIN = rf"{_HOST}(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_NAME = re.compile(rf"(?:({_DOMAIN})/)?({_REMOTE_NAME})")
_REFERENCE = re.compile(rf"((?:{_DOMAIN}/)?{_REMOTE_NAME})(?::({_TAG}))?(?:@({_DIGEST}))?")
_TAG_ONLY = re.compile(_TAG)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_DIGEST_ANY = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}


class InvalidReference(ValueError):
    """The text is what Docker answers."""


class Digest(str):
    """`algorithm:hex`, checked. Equal to, and usable as, its text."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Digest:
        """The checks of go-digest, in its order; raises InvalidReference."""
        algorithm, _, encoded = text.partition(":")
        if not _DIGEST_ANY.fullmatch(text):
            raise InvalidReference("invalid checksum digest format")
        digits = _HEX_DIGITS.get(algorithm)
        if digits is None:
            raise InvalidReference("unsupported digest algorithm")
        if len(encoded) != digits:
            raise InvalidReference("invalid checksum digest length")
        if not re.fullmatch(r"[a-f0-9]+", encoded):
            raise InvalidReference("invalid checksum digest format")
        return cls(text)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        return self.partition(":")[2]

    def matches(self, data: bytes) -> bool:
        return hashlib.new(self.algorithm, data).hexdigest() == self.hex


def is_digest(text: str) -> bool:
    try:
        Digest.parse(text)
    except InvalidReference:
        return False
    return True


def is_identifier(text: str) -> bool:
    """64 hexadecimal digits: never a name, always an id."""
    return _IDENTIFIER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository's name, with a tag, a digest, both or neither."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """A name as users write it: `busybox` is `docker.io/library/busybox`. Raises InvalidReference."""
        if is_identifier(text):
            raise InvalidReference(
                f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
            )
        domain, remainder = _split_domain(text)
        remote = remainder.partition(":")[0]
        if remote.lower() != remote:
            raise InvalidReference(
                f"invalid reference format: repository name ({remote}) must be lowercase"
            )
        return cls._parse_canonical(f"{domain}/{remainder}")

    @classmethod
    def _parse_canonical(cls, text: str) -> Reference:
        match = _REFERENCE.fullmatch(text)
        if match is None:
            if _REFERENCE.fullmatch(text.lower()):
                raise InvalidReference("repository name must be lowercase")
            raise InvalidReference("invalid reference format")
        name = _NAME.fullmatch(match[1])
        if name is None:
            raise InvalidReference("invalid reference format")
        if len(name[2]) > REPOSITORY_NAME_MAX:
            raise InvalidReference(
                f"repository name must not be more than {REPOSITORY_NAME_MAX} characters"
            )
        digest = Digest.parse(match[3]) if match[3] else ""
        return cls(name[1] or "", name[2], match[2] or "", digest)

    @property
    def name(self) -> str:
        """The canonical name without tag or digest: `docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}" if self.domain else self.path

    @property
    def familiar_name(self) -> str:
        """The name as Docker shows it: `busybox`."""
        if self.domain != DEFAULT_DOMAIN:
            return self.name
        official = self.path.removeprefix(OFFICIAL_PREFIX)
        return official if "/" not in official else self.path

    @property
    def familiar(self) -> str:
        """The whole reference as Docker shows it."""
        return self.familiar_name + self._suffix

    @property
    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    @property
    def is_name_only(self) -> bool:
        return not self.tag and not self.digest

    def with_tag(self, tag: str) -> Reference:
        if not _TAG_ONLY.fullmatch(tag):
            raise InvalidReference("invalid tag format")
        return replace(self, tag=tag)

    def with_digest(self, digest: str) -> Reference:
        if not re.fullmatch(_DIGEST, digest):
            raise InvalidReference("invalid digest format")
        return replace(self, digest=digest)

    def trimmed(self) -> Reference:
        """The repository alone."""
        return Reference(self.domain, self.path)

    def tagged(self) -> Reference:
        """With `latest`, if it has neither tag nor digest."""
        return replace(self, tag=DEFAULT_TAG) if self.is_name_only else self

    def __str__(self) -> str:
        return self.name + self._suffix


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if not slash:
        return DEFAULT_DOMAIN, OFFICIAL_PREFIX + name
    if first == LEGACY_DOMAIN:
        domain, remainder = DEFAULT_DOMAIN, rest
    elif first == "localhost" or "." in first or ":" in first or first.lower() != first:
        domain, remainder = first, rest
    else:
        domain, remainder = DEFAULT_DOMAIN, name
    if domain == DEFAULT_DOMAIN and "/" not in remainder:
        remainder = OFFICIAL_PREFIX + remainder
    return domain, remainder
