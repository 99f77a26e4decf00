"""Runs a scenario against a daemon and returns its normalised answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from conformance.answers import Answer, answer, tarball
from conformance.client import Call, Endpoint, Reply, answering
from conformance.compare import Looseness
from conformance.scenario import Scenario, Step, fill

POLL_SECONDS = 0.1
PATIENCE_SECONDS = 30.0


class ScenarioError(Exception):
    """The scenario could not be run to its end; the text says at which step and why."""


class Run:
    """One scenario on one daemon. `token` makes its names unique there."""

    def __init__(self, endpoint: Endpoint, scenario: Scenario, api: str, token: str) -> None:
        self._endpoint, self._scenario, self._api = endpoint, scenario, api
        self._variables = {"name": f"cf-{token}-{scenario.name}"}
        self._background: dict[str, tuple[Step, asyncio.Task[Reply]]] = {}
        self._answers: list[dict[str, Any]] = []

    async def answers(self) -> list[dict[str, Any]]:
        """One normalised answer a step, under its name."""
        await self._prepare()
        async with self._cleaned_up(), AsyncExitStack() as stack:
            for step in self._scenario.steps:
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await self._step(step, stack)
                except (TimeoutError, ConnectionError, KeyError, OSError) as error:
                    at = f"{self._scenario.name}, step {step.name!r}"
                    raise ScenarioError(f"{at}: {str(error) or type(error).__name__}") from error
        return self._answers

    async def _prepare(self) -> None:
        info = json.loads((await self._send(Call("GET", "/info"))).body)
        self._variables["root"] = info["DockerRootDir"]
        for image in self._scenario.images:
            found = await self._send(Call("GET", f"/images/{image}/json"))
            if found.status == 404:
                target = f"/images/create?{urlencode({'fromImage': image})}"
                await self._send(Call("POST", target))

    @asynccontextmanager
    async def _cleaned_up(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for _, task in self._background.values():
                task.cancel()
            for request in self._scenario.cleanup:
                method, _, path = fill(request, self._variables).partition(" ")
                await self._send(Call(method, path))

    async def _step(self, step: Step, stack: AsyncExitStack) -> None:
        if step.join:
            begun, task = self._background.pop(step.join)
            self._record(step, begun, await task)
        elif step.background:
            exchange = await stack.enter_async_context(answering(self._endpoint, self._call(step)))
            self._background[step.name] = step, asyncio.create_task(exchange.read())
        else:
            self._record(step, step, await self._until(step))

    async def _until(self, step: Step) -> Reply:
        """The answer, asked for again until it is as the step wants it."""
        while True:
            reply = await self._send(self._call(step))
            if all(
                found(json.loads(reply.body), path) == wanted for path, wanted in step.until.items()
            ):
                return reply
            await asyncio.sleep(POLL_SECONDS)

    async def _send(self, call: Call) -> Reply:
        async with answering(self._endpoint, call) as exchange:
            return await exchange.read()

    def _record(self, step: Step, begun: Step, reply: Reply) -> None:
        got = answer(reply, begun.decode)
        for name, path in (begun.capture | step.capture).items():
            self._variables[name] = str(found(got["json"], path))
        if (begun.unordered or step.unordered) and "json" in got:
            got["json"] = sorted(got["json"], key=json.dumps)
        loose = Looseness(self._variables, [*begun.loose, *step.loose])
        self._answers.append({"step": step.name} | loose.normalised(got))

    def _call(self, step: Step) -> Call:
        values = self._variables
        method, _, path = fill(step.request, values).partition(" ")
        headers = fill(step.headers, values)
        body = b""
        if step.json_body is not None:
            body = json.dumps(fill(step.json_body, values)).encode()
            headers = {"Content-Type": "application/json"} | headers
        elif step.text_body is not None:
            body = fill(step.text_body, values).encode()
        elif step.tar_body is not None:
            body = tarball(fill(step.tar_body, values))
            headers = {"Content-Type": "application/x-tar"} | headers
        return Call(
            method=method,
            target=_target(path, fill(step.query, values), "" if step.unversioned else self._api),
            headers=headers,
            body=body,
            upgrade=step.upgrade,
            send=[fill(text, values).encode() for text in step.send],
            half_close=step.half_close,
            stop_at=step.stop_at.encode(),
        )


def _target(path: str, query: Mapping[str, Any], api: str) -> str:
    pairs = {k: json.dumps(v) if isinstance(v, dict | list) else str(v) for k, v in query.items()}
    joint = "&" if "?" in path else "?"
    return (f"/v{api}" if api else "") + path + (joint + urlencode(pairs) if pairs else "")


def found(document: Any, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """What a dotted path leads to; a number is an index. KeyError where it leads nowhere."""
    for key in path.split(".") if path else []:
        try:
            document = document[int(key)] if isinstance(document, list) else document[key]
        except (IndexError, KeyError, TypeError, ValueError):
            raise KeyError(f"no {path} in {json.dumps(document)[:200]}") from None
    return document


async def run(endpoint: Endpoint, scenario: Scenario, api: str, token: str) -> list[Answer]:
    """The normalised answers of one scenario. Raises ScenarioError where it could not be run to its end."""
    return await Run(endpoint, scenario, api, token).answers()
