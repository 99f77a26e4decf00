"""Addresses of repositories: what BuildKit reads out of them, and what it refuses."""

import pytest

from daemon.engine.build.git.addresses import is_commit, parse, parse_context
from daemon.engine.dockerfile.errors import DockerfileError

COMMIT = "63bd5816c27a813d0998d5988046c64322a57bf3"


@pytest.mark.parametrize(
    ("text", "url", "ref", "subdir"),
    [
        ("https://h/x.git", "https://h/x.git", "", ""),
        ("http://h:1/x.git#main:sub", "http://h:1/x.git", "main", "sub"),
        ("HTTP://h/x.git#main", "http://h/x.git", "main", ""),
        ("https://h/x.git?ref=v1", "https://h/x.git", "v1", ""),
        ("https://h/x.git?ref=v1#v1:d", "https://h/x.git", "v1", "d"),
        ("https://h/x.git?branch=b&subdir=a/./b/", "https://h/x.git", "refs/heads/b", "a/b"),
        ("https://h/x.git?branch=refs/heads/b", "https://h/x.git", "refs/heads/b", ""),
        ("https://h/x.git?tag=v1#refs/tags/v1", "https://h/x.git", "refs/tags/v1", ""),
        ("https://h/x%2egit#a%62c", "https://h/x%2egit", "abc", ""),
        ("https://u:p@h/x.git", "https://u:p@h/x.git", "", ""),
        ("git://h/x#:sub", "git://h/x", "", "sub"),
        ("git://h/x#b:../../sub", "git://h/x", "b", "sub"),
        ("git://h/x#b:c:d", "git://h/x", "b", "c:d"),
        ("ssh://git@h:22/x", "ssh://git@h:22/x", "", ""),
        ("git@h:x/y", "git@h:x/y", "", ""),
        ("git@h:x/y.git?ref=a#a:b", "git@h:x/y.git", "a", "b"),
    ],
)
def test_what_an_address_says(text: str, url: str, ref: str, subdir: str) -> None:
    found = parse(text)
    assert found
    assert (found.remote.url, found.ref, found.subdir) == (url, ref, subdir)


@pytest.mark.parametrize(
    "text",
    ["f.txt", "https://h/x", "https://h/x?a=.git", "github.com/a/b.git", "svn://h/x.git", "./x.git",
     "http://h:port/x.git", "https://github.com/a/b", "git:x"],
)  # fmt: skip
def test_what_is_no_address_of_a_repository(text: str) -> None:
    assert parse(text) is None


def test_contexts_know_github() -> None:
    found = parse_context("github.com/a/b#c")
    assert found
    assert (found.remote.url, found.ref) == ("https://github.com/a/b", "c")
    assert parse_context("github.org/a/b") is None


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("?x=1", 'unexpected query "x"'),
        ("?ref=", 'query "ref" has no value'),
        ("?ref=a&ref=b", 'query "ref" has multiple values'),
        ("?ref=a#b", 'ref conflicts: "b" vs "a"'),
        ("?tag=a#a", 'ref conflicts: "a" vs "refs/tags/a"'),
        ("?tag=a&branch=b", "branch conflicts with tag"),
        ("?subdir=a#:b", 'subdir conflicts: "b" vs "a"'),
        ("?submodules=x", 'invalid submodules value: "x"'),
        ("?keep-git-dir=x", 'invalid keep-git-dir value: "x"'),
    ],
)
def test_what_cannot_be_asked_for(query: str, refusal: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(f"https://h/x.git{query}")
    assert caught.value.message == refusal


def test_switches_may_be_named_only() -> None:
    found = parse("https://h/x.git?keep-git-dir&submodules=0&checksum=abc")
    assert found
    assert (found.keep_git_dir, found.submodules, found.checksum) == (True, False, "abc")
    unsaid = parse("https://h/x.git?submodules")
    assert unsaid
    assert (unsaid.keep_git_dir, unsaid.submodules) == (None, True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://h/x.git", "https://h/x.git"),
        ("https://u@h/x.git", "https://xxxxx@h/x.git"),
        ("https://u:p@h/x.git", "https://xxxxx:xxxxx@h/x.git"),
        ("https://:p@h/x.git", "https://:xxxxx@h/x.git"),
        ("git@h:x", "git@h:x"),
    ],
)
def test_nobody_is_shown_a_login(text: str, shown: str) -> None:
    found = parse(text)
    assert found
    assert found.remote.shown == shown


def test_one_repository_has_one_identifier_whatever_the_transport() -> None:
    addresses = ("git://h/x.git#r:d", "https://h/x.git?ref=r&subdir=d", "git@h:x.git#r:d")
    found = {one.identifier for one in map(parse, addresses) if one}
    assert found == {"git://h/x.git#r:d"}


def test_whole_names_of_commits() -> None:
    assert is_commit(COMMIT)
    assert is_commit("a" * 64)
    assert not any(map(is_commit, (COMMIT[:39], COMMIT.upper(), "g" * 40, "")))
