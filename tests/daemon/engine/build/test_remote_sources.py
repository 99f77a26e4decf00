"""Which sources of COPY and ADD are fetched, and which are refused."""

import pytest

from daemon.engine.build.remote_sources import remote_sources
from daemon.engine.dockerfile.errors import DockerfileError

URL = "http://host/x"
GIT = "git://host/x"


def test_add_fetches_what_is_an_address() -> None:
    found = remote_sources("ADD", ["f", URL, GIT, "github.com/a/b.git"])
    assert found.urls == [URL]
    assert list(found.repositories) == [GIT]
    assert [word in found for word in ("f", URL, GIT)] == [False, True, True]


def test_flags_and_address_say_together_what_is_wanted() -> None:
    found = remote_sources("ADD", [f"{GIT}?keep-git-dir=1"], "abc", None).repositories
    assert [(one.checksum, one.keep_git_dir) for one in found.values()] == [("abc", True)]
    found = remote_sources("ADD", [f"{GIT}?checksum=abc"], "abc", True).repositories
    assert [(one.checksum, one.keep_git_dir) for one in found.values()] == [("abc", True)]


@pytest.mark.parametrize(
    ("keyword", "words", "checksum", "refusal"),
    [
        ("COPY", [URL], "", "source can't be a URL for COPY"),
        ("COPY", ["git@h:x"], "", "source can't be a git ref for COPY"),
        ("COPY", [f"{GIT}?x=1"], "", 'unexpected query "x"'),
        ("ADD", ["f"], "sha256:1", "checksum requires HTTP(S) or Git sources"),
        ("ADD", [f"{GIT}?x=1"], "abc", "checksum requires HTTP(S) or Git sources"),
        ("ADD", [URL, URL], "sha256:1", "checksum can't be specified for multiple sources"),
        ("ADD", [URL], "sha256", "invalid checksum digest format"),
        ("ADD", [URL], "md5:1", "unsupported digest algorithm"),
        ("ADD", [URL], "sha256:1", "invalid checksum digest length"),
        ("ADD", [URL], f"sha256:{'X' * 64}", "invalid checksum digest format"),
        ("ADD", [f"{GIT}?checksum=b"], "a", 'checksum mismatch "a" != "b"'),
    ],
)
def test_what_cannot_be_a_source(
    keyword: str, words: list[str], checksum: str, refusal: str
) -> None:
    with pytest.raises(DockerfileError) as caught:
        remote_sources(keyword, words, checksum)
    assert caught.value.message == refusal


@pytest.mark.parametrize(("flag", "said"), [(True, "0"), (False, "true")])
def test_flag_and_address_must_agree_on_the_git_folder(flag: bool, said: str) -> None:
    with pytest.raises(DockerfileError, match="inconsistent keep-git-dir configuration"):
        remote_sources("ADD", [f"{GIT}?keep-git-dir={said}"], keep_git_dir=flag)
