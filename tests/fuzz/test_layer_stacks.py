"""Random stacks of layers: the same refusal, sizes, export, history and diff as of a real engine (DOCKER_REFERENCE_HOST).

`HYPOTHESIS_EXAMPLES=200 DOCKER_REFERENCE_HOST=unix:///var/run/docker.sock pytest -n0 tests/fuzz/test_layer_stacks.py`

Without a real engine, mockerd is asked twice: what it says must depend on the tars alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockerd import MockDaemon
from tests.tars import Engine, listing, tar_of

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "40"))
REFERENCE = os.environ.get("DOCKER_REFERENCE_HOST", "")

names = st.sampled_from(["a", "b", "c", "a/b", "a/c", "b/a", "a/b/c", "b/a/c", "c/a/b/c"])
targets = st.sampled_from(["a", "b", "../a", "/b", "a/b", "nowhere", "c/a"])


def _above(name: str, mark: str) -> str:
    folder, _, last = name.rpartition("/")
    return f"{folder}/{mark}{last}" if folder else f"{mark}{last}"


def _opaque(name: str) -> str:
    return f"{name}/.wh..wh..opq"


# No fifos: a real engine that saves one waits for a writer. Of devices, /dev/null and /dev/zero: an opaque device is
# opened, and no kernel lacks these.
members = st.one_of(
    st.tuples(names, st.just("f"), st.sampled_from([b"", b"x", b"two", bytes(700)])),
    st.tuples(names, st.just("d")),
    st.tuples(names, st.just("s"), targets),
    st.tuples(names, st.just("h"), names),
    st.tuples(names.map(lambda name: _above(name, ".wh.")), st.just("f"), st.just(b"")),
    st.tuples(names.map(_opaque), st.just("f"), st.just(b"")),
    st.tuples(names, st.just("c"), st.just(1), st.sampled_from([3, 5])),
)
layers = st.lists(members, min_size=1, max_size=7, unique_by=lambda member: member[0])
changes = st.lists(members, max_size=4)


@st.composite
def histories(draw: st.DrawFn, filled: int) -> list[dict[str, Any]]:
    """As many entries with a layer as there are layers, and empty ones between them."""
    entries: list[dict[str, Any]] = []
    for _ in range(filled):
        if draw(st.booleans()):
            entries.append({"created_by": "ENV", "empty_layer": True})
        comment = draw(st.sampled_from(["", "buildkit.dockerfile.v0"]))
        entries.append({"created_by": f"COPY {len(entries)}", "comment": comment})
    return entries


@st.composite
def images(draw: st.DrawFn) -> tuple[list[list[Any]], list[dict[str, Any]], list[Any]]:
    stack = draw(st.lists(layers, min_size=1, max_size=4))
    return stack, draw(histories(len(stack))), draw(changes)


@pytest.fixture(scope="module")
def mock() -> Iterator[Engine]:
    with MockDaemon.running() as running:
        yield Engine(running.socket_path, "mockerd-stack")


@pytest.fixture(scope="module")
def real() -> Engine | None:
    return Engine(REFERENCE.removeprefix("unix://"), "mockerd-stack") if REFERENCE else None


def seen(engine: Engine, stack: list[bytes], history: list[dict[str, Any]], change: bytes) -> Any:
    """All that can be asked of an image of these layers, and of a container that was changed."""
    engine.forget()
    try:
        refusal = engine.load(*stack, history=history)
        if refusal:
            return reason(refusal)
        return shown(engine) | changed(engine, change)
    finally:
        engine.forget()


def reason(text: str) -> str:
    """Why it failed; in which system call is not compared."""
    return text.rpartition(": ")[2]


def shown(engine: Engine) -> dict[str, Any]:
    image = json.loads(engine.ask("GET", f"/images/{engine.image}/json")[1])
    steps = json.loads(engine.ask("GET", f"/images/{engine.image}/history")[1])
    return {
        "id": image["Id"],
        "size": image["Size"],
        "layers": image["RootFS"]["Layers"],
        "history": [(step["CreatedBy"], step["Size"], step["Comment"]) for step in steps],
    }


def changed(engine: Engine, change: bytes) -> dict[str, Any]:
    """A container before and after something is unpacked in it."""
    before = sorted(listing(engine.exported()))
    place = f"/containers/{engine.name}"
    status, answer = engine.ask("PUT", f"{place}/archive?path=/", change)
    found = json.loads(engine.ask("GET", f"{place}/changes")[1]) or []
    return {
        "before": before,
        "answer": (status, reason(answer.decode().rstrip())),
        "diff": sorted((entry["Path"], entry["Kind"]) for entry in found),
        "after": sorted(listing(engine.ask("GET", f"{place}/export")[1])),
    }


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(image=images())
def test_a_stack_is_what_the_real_engine_makes_of_it(
    mock: Engine, real: Engine | None, image: tuple[list[Any], list[Any], list[Any]]
) -> None:
    stack, history, change = image
    tars = [tar_of(*layer) for layer in stack]
    here = seen(mock, tars, history, tar_of(*change))
    there = seen(real or mock, tars, history, tar_of(*change))
    assert here == there
