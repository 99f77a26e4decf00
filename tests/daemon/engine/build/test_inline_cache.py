"""The member of an image's config that says which step made which layer."""

import base64
import json

import pytest

from daemon.engine.build.cache import REGULAR, Record
from daemon.engine.build.inline_cache import (
    MEMBER,
    CachedLayer,
    InlineCache,
    all_layers_are_here,
    read,
    written,
)

SECOND = 1_000_000_000


def record(key: str, *diff_ids: str, created: int = 0) -> Record:
    return Record(key, REGULAR, "", created, id="id", diff_ids=diff_ids)


def test_what_is_written_is_read() -> None:
    text = written([record("a", "base", "x", created=SECOND), record("b", "base", "x", "y")])
    assert read({MEMBER: text}, layers=3) == {"a": CachedLayer(1, SECOND), "b": CachedLayer(2, 0)}


def test_the_form_is_buildkits() -> None:
    [entry] = json.loads(base64.b64decode(written([record("a", "base", "x", created=SECOND)])))
    layer = {"layer": 1, "createdAt": "1970-01-01T00:00:01Z"}
    assert entry == {"layers": [layer], "digest": "sha256:a"}


@pytest.mark.parametrize("text", ["", "no base64", "e30=", "W10=", "WzFd", "W3siZGlnZXN0IjoxfV0="])
def test_what_is_no_cache_gives_no_steps(text: str) -> None:
    assert read({MEMBER: text}, layers=3) == {}


def test_a_layer_that_the_image_has_not_is_passed_over() -> None:
    assert read({MEMBER: written([record("a", "base", "x")])}, layers=1) == {}


def test_a_step_fits_on_the_layers_it_was_made_on() -> None:
    cache = InlineCache({"a": CachedLayer(1, 0)}, ("base", "x"), all_layers_are_here)
    assert cache.fits("a", ("base",)) == CachedLayer(1, 0)
    assert cache.fits("a", ("other",)) is None
    assert cache.fits("b", ("base",)) is None
