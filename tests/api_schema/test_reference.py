"""References parse, normalise and fail as github.com/distribution/reference does."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from api_schema.reference import Digest, InvalidReference, Reference

HEX = "ab" * 32


@pytest.mark.parametrize(
    ("text", "canonical", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("index.docker.io/library/busybox", "docker.io/library/busybox", "busybox"),
        ("library/distros/ubuntu", "docker.io/library/distros/ubuntu", "library/distros/ubuntu"),
        ("me/app:v1", "docker.io/me/app:v1", "me/app:v1"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"),
        ("127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"),
        ("[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a"),
        ("Registry/app", "Registry/app", "Registry/app"),
        (
            f"busybox:1@sha256:{HEX}",
            f"docker.io/library/busybox:1@sha256:{HEX}",
            f"busybox:1@sha256:{HEX}",
        ),
        ("a__b/c--d.e", "docker.io/a__b/c--d.e", "a__b/c--d.e"),
    ],
)
def test_normalises(text: str, canonical: str, familiar: str) -> None:
    reference = Reference.parse(text)
    assert str(reference) == canonical
    assert reference.familiar == familiar
    assert Reference.parse(familiar) == reference


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        (":tag", "invalid reference format"),
        ("a..b", "invalid reference format"),
        ("a___b", "invalid reference format"),
        ("-a", "invalid reference format"),
        ("a:" + "t" * 129, "invalid reference format"),
        ("a@sha256:abc", "invalid reference format"),
        ("a:b:c", "invalid reference format"),
        (
            "BusyBox",
            "invalid reference format: repository name (library/BusyBox) must be lowercase",
        ),
        ("me/App:V1", "invalid reference format: repository name (me/App) must be lowercase"),
        (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
        ("a/" + "b" * 255, "repository name must not be more than 255 characters"),
        ("a@sha256:" + "a" * 63, "invalid checksum digest length"),
        ("a@md5:" + "a" * 32, "unsupported digest algorithm"),
    ],
)
def test_refuses_with_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse(text)
    assert str(caught.value) == message


def test_only_a_bare_name_gets_the_default_tag() -> None:
    assert Reference.parse("busybox").tagged().tag == "latest"
    assert Reference.parse(f"busybox@sha256:{HEX}").tagged().tag == ""
    assert Reference.parse("busybox:1").tagged().tag == "1"


def test_a_digest_knows_its_data() -> None:
    digest = Digest.of(b"abc")
    assert digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest.matches(b"abc")
    assert not digest.matches(b"abd")


names = st.from_regex(
    r"[a-z0-9]+([._-][a-z0-9]+){0,2}(/[a-z0-9]+([._-][a-z0-9]+){0,2}){0,2}", fullmatch=True
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)


@given(names, tags)
def test_what_is_shown_parses_to_the_same(name: str, tag: str) -> None:
    assume(len(name) <= 200)
    reference = Reference.parse(f"{name}:{tag}")
    assert reference.tag == tag
    assert Reference.parse(reference.familiar) == reference
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=80))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InvalidReference:
        return
    assert Reference.parse(str(reference)) == reference
