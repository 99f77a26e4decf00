"""Builds a case on a daemon, by the classic builder's API or by the real buildx, and reads the result."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.dockerfiles.corpus import (
    BUILDKIT,
    CLASSIC,
    Case,
    Result,
    context_tar,
    image_result,
    masked,
    plain_lines,
    write_context,
)

BASE = "busybox"
URL = "http://docker/v1.51"


class Builder:
    """A daemon behind a Unix socket; `env` is for the client's process."""

    def __init__(self, socket: str, env: Mapping[str, str]) -> None:
        self.session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(socket))
        self.env = {**env, "DOCKER_HOST": f"unix://{socket}", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
        self.base: tuple[str, ...] = ()

    async def close(self) -> None:
        await self.session.close()

    async def prepare(self) -> None:
        """Know the base image's layers; pulled if it is not here."""
        reply = await self.session.get(f"{URL}/images/{BASE}/json")
        if reply.status == 404:
            pull = await self.session.post(f"{URL}/images/create?fromImage={BASE}&tag=latest")
            await pull.read()
            reply = await self.session.get(f"{URL}/images/{BASE}/json")
        self.base = tuple((await reply.json())["RootFS"]["Layers"])

    async def build(self, builder: str, case: Case) -> Result:
        """The case's result; nothing of it stays on the daemon."""
        tag = f"corpus-{builder}-{case.name}".lower()
        build = {CLASSIC: self._classic, BUILDKIT: self._buildx}[builder]
        result = await build(case, tag)
        if "error" not in result:
            archive = await self.session.get(f"{URL}/images/{tag}/get")
            result |= image_result(await archive.read(), self.base)
            await (await self.session.delete(f"{URL}/images/{tag}?force=1")).read()
        return result

    async def _classic(self, case: Case, tag: str) -> Result:
        query = {
            "t": tag,
            "nocache": "1",
            "rm": "1",
            "forcerm": "1",
            "target": case.target,
            "buildargs": json.dumps(case.args),
            "labels": json.dumps(case.labels),
        }
        reply = await self.session.post(
            f"{URL}/build?{urlencode(query)}",
            data=context_tar(case),
            headers={"Content-Type": "application/x-tar"},
        )
        if reply.status != 200:
            return {"status": reply.status, "error": masked((await reply.json())["message"])}
        return _stream_result([json.loads(line) for line in (await reply.text()).splitlines()], tag)

    async def _buildx(self, case: Case, tag: str) -> Result:
        folder = Path(tempfile.mkdtemp())
        try:
            write_context(case, folder / "context")
            words = ["docker", "buildx", "build", "--progress", "plain", "--no-cache", "-t", tag]
            words += [f"--build-arg={name}={value}" for name, value in case.args.items()]
            words += [f"--label={name}={value}" for name, value in case.labels.items()]
            words += [f"--target={case.target}"] if case.target else []
            code, text = await self.run([*words, str(folder / "context")])
        finally:
            shutil.rmtree(folder)
        lines = list(plain_lines(text))
        if code:
            return {"error": lines[-1], "output": _unordered(lines[:-1])}
        return {"output": _unordered(line for line in lines if tag not in line)}

    async def run(self, words: Sequence[str], cwd: Path | None = None) -> tuple[int, str]:
        """Exit code and standard error of a client."""
        process = await asyncio.create_subprocess_exec(
            *words, env=self.env, cwd=cwd, stderr=asyncio.subprocess.PIPE
        )
        _, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, err.decode()


def _unordered(lines: Iterable[str]) -> list[str]:
    """Parallel steps speak as they come, and a step that failed is told of twice."""
    return sorted(set(lines))


def _stream_result(messages: list[dict[str, Any]], tag: str) -> Result:
    text = "".join(message.get("stream", "") for message in messages)
    lines = [masked(line) for line in text.splitlines() if tag not in line]
    error = next((m["errorDetail"] for m in messages if "errorDetail" in m), None)
    if error is None:
        return {"output": lines}
    return {"error": masked(error["message"]), "code": error.get("code", 0), "output": lines}
