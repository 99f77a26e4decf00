"""Which sources of COPY and ADD are fetched, and which are refused."""

import pytest

from daemon.engine.build.downloads import checked_urls, is_git
from daemon.engine.dockerfile.errors import DockerfileError

URL = "http://host/x"


@pytest.mark.parametrize(
    "word",
    ["https://h/x.git", "http://h/x.git#main:sub", "https://h/x.git?ref=v1", "git@h:x/y", "ssh://h/x", "git://h/x"],
)  # fmt: skip
def test_addresses_of_repositories(word: str) -> None:
    assert is_git(word)


@pytest.mark.parametrize(
    "word", ["f.txt", "https://h/x", "https://h/x?a=.git", "github.com/a/b.git"]
)
def test_addresses_of_anything_else(word: str) -> None:
    assert not is_git(word)


def test_add_fetches_what_is_an_address() -> None:
    assert checked_urls("ADD", ["f", URL], "") == [URL]


@pytest.mark.parametrize(
    ("keyword", "words", "checksum", "refusal"),
    [
        ("COPY", [URL], "", "source can't be a URL for COPY"),
        ("COPY", ["git@h:x"], "", "source can't be a git ref for COPY"),
        ("ADD", ["git@h:x"], "", "mockerd fetches no git repositories: git@h:x"),
        ("ADD", ["f"], "sha256:1", "checksum requires HTTP(S) or Git sources"),
        ("ADD", [URL, URL], "sha256:1", "checksum can't be specified for multiple sources"),
        ("ADD", [URL], "sha256", "invalid checksum digest format"),
        ("ADD", [URL], "md5:1", "unsupported digest algorithm"),
        ("ADD", [URL], "sha256:1", "invalid checksum digest length"),
        ("ADD", [URL], f"sha256:{'X' * 64}", "invalid checksum digest format"),
    ],
)
def test_what_cannot_be_a_source(
    keyword: str, words: list[str], checksum: str, refusal: str
) -> None:
    with pytest.raises(DockerfileError) as caught:
        checked_urls(keyword, words, checksum)
    assert caught.value.message == refusal
