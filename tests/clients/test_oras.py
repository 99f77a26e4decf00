"""oras pushes an artifact that is no image, and gets it back."""

import asyncio
from pathlib import Path

import pytest

from tests.behaviour.registries import a_registry

pytestmark = pytest.mark.client("oras")


async def test_an_artifact_comes_back(tmp_path: Path) -> None:
    from oras.client import OrasClient

    note = tmp_path / "note.txt"
    note.write_text("hello artifact")
    async with a_registry() as host:
        client = OrasClient(hostname=host, insecure=True)
        target = f"{host}/me/note:v1"
        pushed = await asyncio.to_thread(
            client.push, target=target, files=[str(note)], disable_path_validation=True
        )
        assert pushed.status_code == 201
        assert await asyncio.to_thread(client.get_tags, f"{host}/me/note") == ["v1"]
        note.unlink()
        await asyncio.to_thread(
            client.pull, target=target, outdir=str(tmp_path), allowed_media_type=None
        )
    assert note.read_text() == "hello artifact"
