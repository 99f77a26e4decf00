"""Platforms as containerd reads and compares them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from api_schema import go_json
from api_schema.base import shape_for
from api_schema.images import WirePlatform
from api_schema.oci import Platform
from daemon.errors import InvalidParameter

KNOWN_OS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split()  # noqa: SIM905
)
KNOWN_ARCHITECTURES = frozenset(
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm".split()  # noqa: SIM905
)
_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_ARM64 = re.compile(r"v([89])(?:\.([0-9]))?")
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
_PROCESSOR = Path("/proc/cpuinfo")
_FLAGS = re.compile(r"^flags\s*:(.*)$", re.MULTILINE)
_LEVELS = (
    frozenset("cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3".split()),  # noqa: SIM905
    frozenset("abm avx avx2 bmi1 bmi2 f16c fma movbe xsave".split()),  # noqa: SIM905
    frozenset("avx512bw avx512cd avx512dq avx512f avx512vl".split()),  # noqa: SIM905
)
"""What a processor of level 2, 3, 4 has beyond the one below."""


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
    platform = _assembled(text, match[1].lower().replace("macos", "darwin"), rest)
    features = [unquote(each) for each in (match[3] or "").split("+") if each]
    extra = {"os_version": unquote(match[2] or ""), "os_features": features or None}
    return platform.model_copy(update=extra)


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
        document = shape_for(WirePlatform).read_document(go_json.unmarshal(text.encode()))
    except go_json.GoDecodeError as error:
        raise InvalidParameter(f"failed to parse platform: {error}") from error
    platform = Platform.model_validate(document)
    optional = platform.variant or platform.os_version or platform.os_features
    if not platform.os and not platform.architecture and optional:
        raise InvalidParameter(
            "optional platform fields provided, but OS and Architecture are missing"
        )
    if not platform.os or not platform.architecture:
        raise InvalidParameter("both OS and Architecture must be provided")
    return platform


@functools.cache
def machine() -> Platform:
    """HOST with the level of x86-64 that this machine's processor has."""
    try:
        flags = _FLAGS.search(_PROCESSOR.read_text())
    except OSError:
        return HOST
    present = set(flags[1].split()) if flags else set()
    level = 1
    for needed in _LEVELS:
        if not needed <= present:
            break
        level += 1
    return normalized(HOST.model_copy(update={"variant": f"v{level}"}))


def show(platform: Platform) -> str:
    """FormatAll: `linux/arm64/v8`."""
    if not platform.os:
        return "unknown"
    features = "".join(f"+{feature}" for feature in sorted(platform.os_features or ()))
    version = f"({platform.os_version}{features})" if platform.os_version or features else ""
    parts = (platform.os + version, platform.architecture, platform.variant)
    return "/".join(part for part in parts if part)


def normalized(platform: Platform) -> Platform:
    """As containerd compares it."""
    architecture, variant = normalize(platform.architecture, platform.variant)
    os_name = platform.os.lower().replace("macos", "darwin") or HOST.os
    return platform.model_copy(
        update={"os": os_name, "architecture": architecture, "variant": variant}
    )


def is_same(wanted: Platform, offered: Platform) -> bool:
    """No other platform will do, not even one whose programs would run."""
    wanted, offered = normalized(wanted), normalized(offered)
    features = set(offered.os_features or ())
    return (
        wanted.os == offered.os
        and wanted.architecture == offered.architecture
        and wanted.variant == offered.variant
        and features <= set(wanted.os_features or ())
    )


def rank(wanted: Platform, offered: Platform) -> int | None:
    """How far `offered` is from the best that `wanted` could get, 0 for itself; None if it would not run."""
    for place, (architecture, variant) in enumerate(_runs(normalized(wanted))):
        runs = wanted.model_copy(update={"architecture": architecture, "variant": variant})
        if is_same(runs, offered):
            return place
    return None


def fits(wanted: Platform, offered: Platform) -> bool:
    """May an image for `offered` stand for `wanted`? Images often do not say their variant."""
    if rank(wanted, offered) is not None:
        return True
    wanted, bare = normalized(wanted), normalized(offered)
    same = (wanted.os, wanted.architecture) == (bare.os, bare.architecture)
    return same and not offered.variant


def _runs(platform: Platform) -> Iterator[tuple[str, str]]:
    """Architectures and variants whose programs run on a (normalized) platform, best first."""
    architecture, variant = platform.architecture, platform.variant
    match architecture:
        case "amd64":
            yield architecture, variant
            yield from ((architecture, f"v{n}") for n in range(_number(variant) - 1, 0, -1))
            yield "386", ""
        case "arm":
            yield architecture, variant
            yield from ((architecture, f"v{n}") for n in range(_number(variant) - 1, 4, -1))
        case "arm64":
            yield from ((architecture, each) for each in _arm64_variants(variant or "v8"))
            yield from (("arm", f"v{n}") for n in range(8, 4, -1))
        case _:
            yield architecture, variant


def _number(variant: str) -> int:
    digits = variant.removeprefix("v")
    return int(digits) if digits.isdecimal() else 0


def _arm64_variants(variant: str) -> Iterator[str]:
    """v9.N runs what is made for v8.N+5 as well."""
    match = _ARM64.fullmatch(variant)
    if match is None:
        return
    major, minor = int(match[1]), int(match[2] or 0)
    for number in range(minor, -1, -1):
        yield f"v{major}.{number}" if number else f"v{major}"
    if major == 9:
        yield from _arm64_variants(f"v8.{min(minor + 5, 9)}")
