"""Random lives of images: loaded, committed, tagged, removed and pruned, as on a real engine (DOCKER_REFERENCE_HOST).

`HYPOTHESIS_EXAMPLES=200 DOCKER_REFERENCE_HOST=unix:///var/run/docker.sock pytest -n0 tests/fuzz/test_image_family.py`

After every verb the lists, the family, sizes and histories are compared. Without a real engine, two daemons must agree.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockerd import MockDaemon
from tests.tars import Engine, tar_of

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "30"))
REFERENCE = os.environ.get("DOCKER_REFERENCE_HOST", "")
LABEL = "mockerd-family"
REPOSITORIES = [f"{LABEL}-{letter}" for letter in "ab"]
LAYERS = [tar_of((f"family{size}", "f", b"z" * size)) for size in range(1, 5)]
CONTAINERS = [f"{LABEL}-{letter}" for letter in "xy"]

tags = st.tuples(st.sampled_from(REPOSITORIES), st.sampled_from("12"))
images = st.one_of(tags.map(":".join), st.integers(0, 5))
"""A name, or which of those that were made so far."""
containers = st.sampled_from(CONTAINERS)
dates = st.sampled_from(["2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"])
stacks = st.sampled_from([(0,), (0, 1), (0, 1, 2), (3,), (3, 1)])
prunings = st.sampled_from(
    [
        {},
        {"dangling": ["false"]},
        {"dangling": ["false"], "label": [f"{LABEL}=1"]},
        {"dangling": ["false"], "label!": [f"{LABEL}=2"]},
        {"dangling": ["false"], "until": ["2020-06-01"]},
    ]
)
verbs = st.one_of(
    st.tuples(st.just("load"), stacks, st.lists(tags.map(":".join), max_size=2), dates),
    st.tuples(st.just("create"), containers, images),
    st.tuples(st.just("copy"), containers, st.sampled_from("pq")),
    st.tuples(st.just("commit"), containers, tags),
    st.tuples(st.just("remove_container"), containers),
    st.tuples(st.just("tag"), images, tags),
    st.tuples(st.just("remove"), images, st.booleans(), st.booleans(), st.booleans()),
    st.tuples(st.just("prune"), prunings),
)


class Family:
    """The images of one engine that are ours; ids are told by when they were made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ids: list[str] = []
        self._containers: list[str] = []

    def forget(self) -> None:
        self._ids, self._containers = [], []
        for name in CONTAINERS:
            self._ask("DELETE", f"/containers/{name}", force=1)
        for image in self._listed(all=1):
            self._ask("DELETE", f"/images/{image['Id']}", force=1)

    def _ask(self, method: str, path: str, body: Any = b"", /, **query: Any) -> tuple[int, str]:
        given = {key: json.dumps(v) if isinstance(v, dict) else v for key, v in query.items()}
        status, answer = self._engine.ask(method, f"{path}?{urlencode(given)}", body)
        return status, answer.decode()

    def _listed(self, **query: Any) -> list[dict[str, Any]]:
        filters = query.pop("filters", {})
        asked = {"label": [LABEL], **filters}
        found: list[dict[str, Any]] = json.loads(
            self._ask("GET", "/images/json", filters=asked, **query)[1]
        )
        return found

    def _named(self, image: str | int) -> str:
        if isinstance(image, str):
            return image
        return self._ids[image % len(self._ids)][7:] if self._ids else "none"

    def _told(self, text: str) -> str:
        for kind, ids in (("IMAGE", self._ids), ("CONTAINER", self._containers)):
            for number, id in enumerate(ids):
                bare = id.removeprefix("sha256:")
                text = text.replace(bare, f"{kind}{number}").replace(bare[:12], f"{kind}{number}")
        return text.rpartition(": open /")[0] or text  # where an engine keeps its files

    def load(self, stack: tuple[int, ...], names: list[str], created: str) -> str:
        layers = [LAYERS[number] for number in stack]
        digests = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "created": created,
            "config": {"Labels": {LABEL: str(len(stack))}},
            "rootfs": {"type": "layers", "diff_ids": digests},
        }
        raw = json.dumps(config).encode()
        files = [f"{number}.tar" for number in range(len(layers))]
        manifest = [{"Config": "config.json", "RepoTags": names, "Layers": files}]
        tar = tar_of(
            *((file, "f", layer) for file, layer in zip(files, layers, strict=True)),
            ("config.json", "f", raw),
            ("manifest.json", "f", json.dumps(manifest).encode()),
        )
        answer = self._ask("POST", "/images/load", tar, quiet=1)[1]
        id = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        self._ids += [] if id in self._ids else [id]
        return answer

    def create(self, name: str, image: str | int) -> str:
        body = {"Image": self._named(image), "Cmd": ["x"]}
        status, answer = self._ask("POST", "/containers/create", body, name=name)
        if status == 201:
            self._containers.append(json.loads(answer)["Id"])
        return str(status) if status == 201 else answer

    def copy(self, name: str, file: str) -> str:
        tar = tar_of((file, "f", file.encode()))
        return str(self._ask("PUT", f"/containers/{name}/archive", tar, path="/"))

    def commit(self, name: str, tag: tuple[str, str]) -> str:
        status, answer = self._ask("POST", "/commit", container=name, repo=tag[0], tag=tag[1])
        if status == 201:
            self._ids.append(json.loads(answer)["Id"])
        return str(status) if status == 201 else answer

    def remove_container(self, name: str) -> str:
        return str(self._ask("DELETE", f"/containers/{name}", force=1))

    def tag(self, image: str | int, tag: tuple[str, str]) -> str:
        name = self._named(image)
        return str(self._ask("POST", f"/images/{name}/tag", repo=tag[0], tag=tag[1]))

    def remove(self, image: str | int, force: bool, keep_parents: bool, by_short_id: bool) -> str:
        name = self._named(image)
        name = name[:12] if by_short_id and not isinstance(image, str) else name
        query = {"force": int(force), "noprune": int(keep_parents)}
        return str(self._ask("DELETE", f"/images/{name}", **query))

    def prune(self, filters: dict[str, list[str]]) -> str:
        asked = {**filters, "label": [LABEL, *filters.get("label", ())]}
        report = json.loads(self._told(self._ask("POST", "/images/prune", filters=asked)[1]))
        # In which order is up to chance.
        gone = sorted(report["ImagesDeleted"] or [], key=str)
        return f"{gone} {report['SpaceReclaimed']}"

    def after(self, verb: str, *arguments: Any) -> dict[str, Any]:
        """What it answers, and all that can be seen then."""
        answer = self._told(getattr(self, verb)(*arguments))
        keys = ("RepoTags", "ParentId", "Size", "SharedSize", "Containers", "Labels")
        return {
            "answer": answer,
            "images": sorted(
                self._told(str([image["Id"], *(image[key] for key in keys)]))
                for image in self._listed(all=1, **{"shared-size": 1})
            ),
            "shown": sorted(self._told(image["Id"]) for image in self._listed()),
            "dangling": sorted(
                self._told(image["Id"]) for image in self._listed(filters={"dangling": ["true"]})
            ),
            "histories": [self._history(id) for id in self._ids],
        }

    def _history(self, id: str) -> str:
        status, answer = self._ask("GET", f"/images/{id}/history")
        if status != 200:
            return self._told(answer)
        steps = json.loads(answer)
        return self._told(str([(step["Id"], step["Size"], step["Tags"]) for step in steps]))


@pytest.fixture(scope="module")
def families() -> Iterator[tuple[Family, Family]]:
    with MockDaemon.running() as one, MockDaemon.running() as two:
        other = REFERENCE.removeprefix("unix://") or two.socket_path
        yield Family(Engine(one.socket_path, LABEL)), Family(Engine(other, LABEL))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    life=st.lists(verbs, min_size=4, max_size=16).map(
        lambda rest: [
            ("load", (0,), [":".join((REPOSITORIES[0], "1"))], "2020-01-01T00:00:00Z"),
            *rest,
        ]
    )
)
def test_a_family_lives_as_on_the_real_engine(
    families: tuple[Family, Family], life: list[tuple[Any, ...]]
) -> None:
    here, there = families
    try:
        for verb in life:
            assert here.after(*verb) == there.after(*verb), verb
    finally:
        here.forget()
        there.forget()
