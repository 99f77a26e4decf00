"""docker load: manifests and configs of every wrong shape, refused in the words of Engine 28.5.2; nothing stays of them."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mockerd import MockDaemon
from tests.tars import Engine, tar_of

LAYER = tar_of(("a", "f"))
DIFF_ID = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"
CONFIG = {
    "os": "linux",
    "architecture": "amd64",
    "rootfs": {"type": "layers", "diff_ids": [DIFF_ID]},
}
ITEM = {"Config": "config.json", "RepoTags": ["me:1"], "Layers": ["layer.tar"]}
UNPACKED = "/var/lib/docker/tmp/docker-import-1402861507"
NO_MANIFEST = f"open {UNPACKED}/repositories: no such file or directory"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with MockDaemon.running() as mock:
        yield Engine(mock.socket_path, "mockerd-load")


def archive(manifest: Any, config: Any = CONFIG, *more: tuple[Any, ...]) -> bytes:
    return tar_of(
        ("layer.tar", "f", LAYER),
        ("config.json", "f", config if isinstance(config, bytes) else json.dumps(config).encode()),
        (
            "manifest.json",
            "f",
            manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode(),
        ),
        *more,
    )


def load(engine: Engine, tar: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in engine.ask("POST", "/images/load", tar)[1].splitlines()]


def error_of(engine: Engine, tar: bytes) -> str:
    """The only message is an error, and no image is there."""
    (message,) = load(engine, tar)
    assert json.loads(engine.ask("GET", "/images/json?all=1")[1]) == []
    return str(message["error"])


@pytest.mark.parametrize(
    ("manifest", "why"),
    [
        (b"", "EOF"),
        (b"{}", "json: cannot unmarshal object into Go value of type []tarexport.manifestItem"),
        (b"[null]", f"read {UNPACKED}: is a directory"),
        (b"[1]", "json: cannot unmarshal number into .0 of type tarexport.manifestItem"),
        ([{"Config": 1}], "json: cannot unmarshal number into Go struct field .0.Config of type string"),
        ([ITEM | {"Layers": 1}], "json: cannot unmarshal number into Go struct field .0.Layers of type []string"),
        ([ITEM | {"RepoTags": [1]}], "json: cannot unmarshal number into .0.RepoTags.0 of type string"),
        ([ITEM | {"Parent": 1}], "json: cannot unmarshal number into Go struct field .0.Parent of type image.ID"),
        (
            [ITEM | {"LayerSources": 1}],
            "json: cannot unmarshal number into Go struct field .0.LayerSources of type "
            "map[layer.DiffID]distribution.Descriptor",
        ),
        ([ITEM | {"Config": ".."}], f"evalSymlinksInScope: /var/lib/docker/tmp is not in {UNPACKED}"),
        ([ITEM | {"Config": "nosuch"}], f"open {UNPACKED}/nosuch: no such file or directory"),
    ],
)  # fmt: skip
def test_a_manifest_of_another_shape_is_refused(engine: Engine, manifest: Any, why: str) -> None:
    assert error_of(engine, archive(manifest)) == why


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (b"", "unexpected end of JSON input"),
        (b"null", "invalid image JSON, no RootFS key"),
        (b"{} x", "invalid character 'x' after top-level value"),
        ({"rootfs": 1}, "json: cannot unmarshal number into Go struct field Image.rootfs of type image.RootFS"),
        (
            {"rootfs": {"diff_ids": 1}},
            "json: cannot unmarshal number into Go struct field Image.rootfs.diff_ids of type []layer.DiffID",
        ),
        ({"config": 1}, "json: cannot unmarshal number into Go struct field Image.config of type container.Config"),
        ({"config": {"Env": [1]}}, "json: cannot unmarshal number into Image.config.Env.0 of type string"),
        (
            {"config": {"ExposedPorts": []}},
            "json: cannot unmarshal array into Go struct field Image.config.ExposedPorts of type nat.PortSet",
        ),
        (
            {"config": {"Healthcheck": {"Interval": "x"}}},
            "json: cannot unmarshal string into Go struct field Image.config.Healthcheck.Interval of type time.Duration",
        ),
        ({"history": [1]}, "json: cannot unmarshal number into Image.history.0 of type v1.History"),
        (
            {"history": [{"empty_layer": "x"}]},
            "json: cannot unmarshal string into Go struct field Image.history.0.empty_layer of type bool",
        ),
        ({"os.features": 1}, "json: cannot unmarshal number into Go struct field Image.os.features of type []string"),
        ({"Size": "x"}, "json: cannot unmarshal string into Go struct field Image.Size of type int64"),
        (CONFIG | {"os": "windows"}, "cannot load windows image on linux"),
    ],
)  # fmt: skip
def test_a_config_of_another_shape_is_refused(engine: Engine, config: Any, why: str) -> None:
    assert error_of(engine, archive([ITEM], config)) == why


def test_keys_have_any_case_and_a_command_may_be_one_string(engine: Engine) -> None:
    config = {"OS": "linux", "Architecture": "amd64", "RootFS": CONFIG["rootfs"]}
    item = {"config": "config.json", "repotags": ["me:1"], "layers": ["layer.tar"]}
    assert load(engine, archive([item], config | {"config": {"Cmd": "x"}})) == [
        {"stream": "Loaded image: me:1\n"}
    ]
    shown = json.loads(engine.ask("GET", "/images/me:1/json")[1])
    assert (shown["Architecture"], shown["Config"]["Cmd"]) == ("amd64", ["x"])
    engine.ask("DELETE", "/images/me:1")


@pytest.mark.parametrize("name", [f"me:1@{DIFF_ID}", "sha256:1"])
def test_a_name_that_cannot_be_given_is_told_of_nevertheless(engine: Engine, name: str) -> None:
    assert load(engine, archive([ITEM | {"RepoTags": [name]}])) == [
        {"stream": f"Loaded image: {name}\n"}
    ]
    (image,) = json.loads(engine.ask("GET", "/images/json")[1])
    assert image["RepoTags"] == []
    engine.ask("DELETE", f"/images/{image['Id']}")


def test_documents_may_be_behind_links_of_folders(engine: Engine) -> None:
    tar = archive([ITEM | {"Config": "here/config.json"}], CONFIG, ("here", "s", "."))
    assert load(engine, tar) == [{"stream": "Loaded image: me:1\n"}]
    engine.ask("DELETE", "/images/me:1")


def test_what_has_no_manifest_is_taken_for_an_old_archive(engine: Engine) -> None:
    assert load(engine, tar_of(("repositories", "f", b"{}"))) == []
    broken = tar_of(("repositories", "f", b"x"))
    assert error_of(engine, broken) == "invalid character 'x' looking for beginning of value"
    assert error_of(engine, b"") == NO_MANIFEST
    assert error_of(engine, tar_of(("manifest.json", "s", "/etc/passwd"))) == NO_MANIFEST
