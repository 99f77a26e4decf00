"""Platforms parse and match as containerd's do."""

import pytest

from api_schema.oci import Platform
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
        ("windows(10.0.1+win32k)/amd64", "windows(10.0.1+win32k)/amd64"),
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
    ("wanted", "offered", "fits", "same"),
    [
        ("linux/amd64", "linux/amd64", True, True),
        ("linux/amd64/v2", "linux/amd64", True, False),
        ("linux/amd64", "linux/amd64/v2", False, False),
        ("linux/amd64", "linux/386", True, False),
        ("linux/386", "linux/amd64", False, False),
        ("linux/arm64", "linux/arm64/v8", True, True),
        ("linux/arm64/v8", "linux/arm64", True, True),
        ("linux/arm64/v9", "linux/arm64/v8.5", True, False),
        ("linux/arm64", "linux/arm/v6", True, False),
        ("linux/arm/v7", "linux/arm/v6", True, False),
        ("linux/arm/v6", "linux/arm/v7", False, False),
        ("linux/amd64", "linux/arm64", False, False),
        ("linux/amd64", "windows/amd64", False, False),
    ],
)
def test_what_runs_fits_and_only_the_same_is_the_same(
    wanted: str, offered: str, fits: bool, same: bool
) -> None:
    asked, given = platforms.parse(wanted), platforms.parse(offered)
    assert platforms.fits(asked, given) is fits
    assert platforms.is_same(asked, given) is same


def test_an_image_without_a_variant_fits_any() -> None:
    v6, arm = (
        Platform(os="linux", architecture="arm", variant="v6"),
        Platform(os="linux", architecture="arm"),
    )
    assert platforms.fits(v6, arm)
    assert platforms.rank(v6, arm) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "failed to parse platform: unexpected end of JSON input"),
        ("[]", "failed to parse platform: json: cannot unmarshal array into Go value of type v1.Platform"),
        ('{"os":1}', "failed to parse platform: json: cannot unmarshal number into Go struct field Platform.os of type string"),
        ('{"os":"linux","architecture":"amd64"} x', "failed to parse platform: invalid character 'x' after top-level value"),
        ("null", "both OS and Architecture must be provided"),
        ('{"variant":"v8"}', "optional platform fields provided, but OS and Architecture are missing"),
        ('{"os":"linux"}', "both OS and Architecture must be provided"),
    ],
)  # fmt: skip
def test_refuses_incomplete_json(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        platforms.decode(text)
    assert str(caught.value) == message


def test_reads_json() -> None:
    platform = platforms.decode('{"OS":"linux","architecture":"arm64","variant":"v8"}')
    assert platforms.show(platform) == "linux/arm64/v8"
