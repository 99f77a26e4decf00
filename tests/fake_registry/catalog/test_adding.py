"""`mockerd image add` writes a file that the catalog reads, once."""

import json
import sys
from pathlib import Path

import pytest

from daemon.__main__ import main
from fake_registry.catalog.store import CatalogStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "images"


def config_of(folder: Path, name: str, tag: str) -> dict:
    from fake_registry.catalog.declarations import IMAGES

    store = CatalogStore(folders=(IMAGES, folder))
    index = json.loads(store.manifest(name, store.tag(name, tag)).data)
    manifest = json.loads(store.manifest(name, index["manifests"][0]["digest"]).data)
    return json.loads(store.read_blob(manifest["config"]["digest"]))


def test_writes_what_was_asked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "run.sh"
    script.write_text('#!/bin/sh\necho "a\tb" \x7f\n')
    script.chmod(0o755)
    words = ["image", "add", "me/tool:1", "--images", str(folder), "--from", "alpine:3.22"]
    words += ["--file", f"{script}:/usr/bin/run", "--program", "/usr/bin/ls2=busybox/busybox"]
    words += ["--env", "A=b", "--label", "k=v", "--expose", "80", "--volume", "/data"]
    words += ["--workdir", "/w", "--user", "nobody", "--cmd", "run 'a b'", "--entrypoint", "sh -c"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"{folder / 'me' / 'tool.toml'}\n"
    document = config_of(folder, "me/tool", "1")
    config = document["config"]
    assert config["Cmd"] == ["run", "a b"]
    assert config["Entrypoint"] == ["sh", "-c"]
    assert config["Env"][-1] == "A=b"
    assert config["Labels"] == {"k": "v"}
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert config["Volumes"] == {"/data": {}}
    assert (config["WorkingDir"], config["User"]) == ("/w", "nobody")
    assert len(document["rootfs"]["diff_ids"]) == 3


def test_an_official_name_goes_where_official_names_are(folder: Path) -> None:
    assert main(["image", "add", "tool", "--images", str(folder), "--cmd", "x"]) == 0
    assert (folder / "library" / "tool.toml").is_file()
    assert config_of(folder, "library/tool", "latest")["config"]["Cmd"] == ["x"]


def test_nothing_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["image", "add", "tool", "--images", str(folder)]
    assert main(words) == 0
    assert main(words) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_bad_name_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["image", "add", "BAD", "--images", str(folder)]) == 1
    assert "must be lowercase" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--from", "nosuch:9"], "there is no image nosuch:9 to stand on"),
        (["--from", "alpine:0.1"], "there is no image alpine:0.1 to stand on"),
        (["--from", "BAD"], "must be lowercase"),
        (["--file", "/nowhere/run.sh:/run"], "No such file or directory"),
        (["--file", f"{sys.executable}:/run"], "codec can't decode"),
    ],
)
def test_what_it_cannot_be_made_of_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    assert main(["image", "add", "tool", "--images", str(folder), *words]) == 1
    assert why in capsys.readouterr().err
    assert not folder.exists()
