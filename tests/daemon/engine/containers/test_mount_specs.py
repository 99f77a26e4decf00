"""Modes of binds, word by word."""

import itertools

import pytest

from daemon.engine.containers.mount_specs import is_valid_mode, parse_bind
from daemon.errors import System

GOOD = ["ro", "z", "rshared", "nocopy", "cached"]


@pytest.mark.parametrize("words", list(itertools.combinations(GOOD, 2)))
def test_one_word_of_each_kind(words: tuple[str, str]) -> None:
    assert is_valid_mode(",".join(words))


@pytest.mark.parametrize("mode", ["ro,rw", "z,Z", "ro,ro", "shared,slave", "foo", "ro,", ","])
def test_no_two_of_a_kind_and_nothing_unknown(mode: str) -> None:
    assert not is_valid_mode(mode)


def test_a_path_alone_is_an_anonymous_volume() -> None:
    point = parse_bind("/x")
    assert (point.type, point.destination, point.anonymous) == ("volume", "/x", True)


def test_a_path_and_a_path_is_a_bind() -> None:
    point = parse_bind("/a/../b/:/x/:ro,rslave")
    assert (point.type, point.source, point.destination) == ("bind", "/b", "/x")
    assert (point.writable, point.propagation, point.mode) == (False, "rslave", "ro,rslave")


@pytest.mark.parametrize("spec", ["", ":/x", "/a:", "a:b:c:d", "/x:rw"])
def test_what_is_no_bind(spec: str) -> None:
    with pytest.raises(System, match="invalid volume specification"):
        parse_bind(spec)
