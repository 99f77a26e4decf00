"""Platforms as containerd reads and compares them."""

from __future__ import annotations

import re

from pydantic import ValidationError

from api_schema import go_json
from api_schema.oci import Platform
from daemon.errors import InvalidParameter

KNOWN_OS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split()  # noqa: SIM905
)
KNOWN_ARCHITECTURES = frozenset(
    "386 amd64 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le ppc riscv riscv64 s390 s390x sparc sparc64 wasm".split()  # noqa: SIM905
)
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_INVALID = "invalid argument"
# architecture and variant as written: as Go spells them
_ALIASES = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
HOST = Platform.model_construct(os="linux", architecture="amd64")


def normalize(architecture: str, variant: str) -> tuple[str, str]:
    architecture, variant = architecture.lower(), variant.lower()
    if architecture in _ALIASES:
        name, fixed = _ALIASES[architecture]
        architecture, variant = name, fixed or ("" if name == "386" else variant)
    if architecture == "amd64" and variant == "v1":
        variant = ""
    if architecture == "arm64":
        variant = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}.get(
            variant, variant
        )
    if architecture == "arm":
        variant = {"": "v7", "7": "v7", "5": "v5", "6": "v6", "8": "v8"}.get(variant, variant)
    return architecture, variant


def parse(text: str) -> Platform:
    """`linux/arm64/v8`, `arm64`, `linux`; raises InvalidParameter."""
    if "*" in text:
        raise InvalidParameter(f'"{text}": wildcards not yet supported: {_INVALID}')
    parts = text.split("/", 3)
    os_name, *rest = parts
    match = _OS.fullmatch(os_name)
    if match is None:
        raise InvalidParameter(
            f'"{os_name}" is an invalid OS component of "{text}": OSAndVersion specifier component must match '
            f'"^([A-Za-z0-9_-]+)(?:\\\\(([A-Za-z0-9_.%-]*)((?:\\\\+[A-Za-z0-9_.%-]+)*)\\\\))?$": {_INVALID}'
        )
    for part in rest:
        if not _COMPONENT.fullmatch(part):
            raise InvalidParameter(
                f'"{part}" is an invalid component of "{text}": platform specifier component must match '
                f'"^[A-Za-z0-9_.-]+$": {_INVALID}'
            )
    return _assembled(text, match[1].lower().replace("macos", "darwin"), rest)


def _assembled(text: str, os_name: str, rest: list[str]) -> Platform:
    if not rest:
        if os_name in KNOWN_OS:
            return Platform(os=os_name, architecture=HOST.architecture)
        architecture, variant = normalize(text, "")
        if architecture not in KNOWN_ARCHITECTURES:
            raise InvalidParameter(
                f'"{text}": unknown operating system or architecture: {_INVALID}'
            )
        os_name = HOST.os
    elif len(rest) == 1:
        architecture, variant = normalize(rest[0], "")
    elif len(rest) == 2:
        architecture, variant = normalize(rest[0], rest[1])
        if architecture == "arm64" and not variant:
            variant = "v8"
        return Platform(os=os_name, architecture=architecture, variant=variant)
    else:
        raise InvalidParameter(f'"{text}": cannot parse platform specifier: {_INVALID}')
    if architecture == "arm" and variant == "v7":
        variant = ""
    return Platform(os=os_name, architecture=architecture, variant=variant)


def decode(text: str) -> Platform:
    """A platform as JSON, the form of the newer query parameters; raises InvalidParameter."""
    try:
        platform = Platform.model_validate(go_json.parse(text.encode()))
    except (go_json.GoDecodeError, ValidationError) as error:
        raise InvalidParameter(f"failed to parse platform: {error}") from error
    optional = platform.variant or platform.os_version or platform.os_features
    if not platform.os and not platform.architecture and optional:
        raise InvalidParameter(
            "optional platform fields provided, but OS and Architecture are missing"
        )
    if not platform.os or not platform.architecture:
        raise InvalidParameter("both OS and Architecture must be provided")
    return platform


def show(platform: Platform) -> str:
    """FormatAll: `linux/arm64/v8`."""
    return str(platform) or "unknown"


def matches(wanted: Platform, offered: Platform) -> bool:
    """May an image for `offered` run where `wanted` was asked for? A missing variant fits any."""
    if wanted.os.lower() != offered.os.lower():
        return False
    architecture, variant = normalize(wanted.architecture, wanted.variant)
    other, other_variant = normalize(offered.architecture, offered.variant)
    if architecture != other:
        return False
    if architecture == "arm":
        return other_variant <= variant
    return not other_variant or not variant or other_variant == variant
