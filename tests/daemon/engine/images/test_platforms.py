"""Platforms parse and match as containerd's do."""

import pytest

from daemon.engine.images import platforms
from daemon.errors import InvalidParameter


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64/v8"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/arm", "linux/arm"),
        ("armhf", "linux/arm"),
        ("arm64", "linux/arm64"),
        ("linux", "linux/amd64"),
        ("windows", "windows/amd64"),
        ("LINUX/386", "linux/386"),
    ],
)
def test_parses(text: str, shown: str) -> None:
    assert platforms.show(platforms.parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nosuch", '"nosuch": unknown operating system or architecture: invalid argument'),
        ("*", '"*": wildcards not yet supported: invalid argument'),
        ("a/b/c/d", '"a/b/c/d": cannot parse platform specifier: invalid argument'),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        platforms.parse(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("wanted", "offered", "fits"),
    [
        ("linux/amd64", "linux/amd64", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm/v7", "linux/arm/v6", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/amd64", "linux/arm64", False),
        ("linux/amd64", "windows/amd64", False),
    ],
)
def test_matches(wanted: str, offered: str, fits: bool) -> None:
    assert platforms.matches(platforms.parse(wanted), platforms.parse(offered)) is fits


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"variant":"v8"}', "optional platform fields provided, but OS and Architecture are missing"),
        ('{"os":"linux"}', "both OS and Architecture must be provided"),
    ],
)  # fmt: skip
def test_refuses_incomplete_json(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        platforms.decode(text)
    assert str(caught.value) == message


def test_reads_json() -> None:
    platform = platforms.decode('{"os":"linux","architecture":"arm64","variant":"v8"}')
    assert platforms.show(platform) == "linux/arm64/v8"
