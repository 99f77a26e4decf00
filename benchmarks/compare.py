"""How fast a mockerd is, beside a real engine when one is given: operations per second, and their ratios.

    python -m benchmarks.compare [--mock unix:///…] [--real unix:///…] [--seconds 2] [--cli docker]

Without --mock a mockerd of this checkout is started and its start-up time and resident memory are printed too.
Both daemons need the image busybox. Everything made is removed again.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.client import Client, encode

IMAGE = "busybox"
LABEL = "mockerd.bench"
Operation = Callable[[], object]


def labelled(label: str) -> str:
    """The path of a list of all containers with `label`."""
    return "/containers/json?all=1&filters=" + urllib.parse.quote(json.dumps({"label": [label]}))


class Bench:
    """The measured operations against one daemon, and the objects that they need."""

    def __init__(self, host: str, cli: str | None) -> None:
        self.host = host
        self.cli = cli
        self.client = Client(host)
        self.names = itertools.count()

    def create(self, cmd: list[str], group: str = "x", **host_config: object) -> str:
        body = {"Image": IMAGE, "Cmd": cmd, "Labels": {LABEL: group}, "HostConfig": host_config}
        created = self.client.json("POST", "/containers/create", body)
        return str(created["Id"])

    def start(self, cmd: list[str], group: str = "x") -> str:
        container = self.create(cmd, group)
        self.client.request("POST", f"/containers/{container}/start")
        return container

    def operations(self) -> Iterator[tuple[str, Operation]]:
        """Name and one repetition of each; generators, so that objects exist only while they are needed."""
        yield from self._reads()
        yield from self._lists()
        running = self.start(["top"])
        yield "inspect", self._get(f"/containers/{running}/json")
        yield "exec", lambda: self.execute(running)
        printer = self.start(
            ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done"]
        )
        self.client.request("POST", f"/containers/{printer}/wait")
        yield "logs (2,000 lines)", self._get(f"/containers/{printer}/logs?stdout=1")
        yield "create", lambda: self.create(["true"])
        yield "create+start+wait+remove", self.life_cycle
        if self.cli:
            yield "docker run --rm", self.docker_run

    def _reads(self) -> Iterator[tuple[str, Operation]]:
        for name, path in (
            ("ping", "/_ping"),
            ("version", "/version"),
            ("info", "/info"),
            ("images", "/images/json"),
        ):
            yield name, self._get(path)

    def _lists(self) -> Iterator[tuple[str, Operation]]:
        for count in (2, 300):
            for _ in range(count):
                self.create(["true"], f"list{count}")
            yield f"list of {count}", self._get(labelled(f"{LABEL}=list{count}"))

    def _get(self, path: str) -> Operation:
        request = encode("GET", path)
        return lambda: self.client.send(request)

    def execute(self, container: str) -> None:
        made = self.client.json(
            "POST", f"/containers/{container}/exec", {"Cmd": ["true"], "AttachStdout": True}
        )
        one = Client(self.host)  # the stream ends with its connection
        one.request("POST", f"/exec/{made['Id']}/start", {"Detach": False, "Tty": False})
        one.close()

    def life_cycle(self) -> None:
        container = self.start(["true"])
        self.client.request("POST", f"/containers/{container}/wait")
        self.client.request("DELETE", f"/containers/{container}")

    def docker_run(self) -> None:
        assert self.cli
        subprocess.run(
            [self.cli, "run", "--rm", "--label", f"{LABEL}=cli", IMAGE, "true"],
            env={**os.environ, "DOCKER_HOST": self.host},
            check=True,
        )

    def clean(self) -> None:
        found: list[dict[str, str]] = json.loads(self.client.request("GET", labelled(LABEL)))
        for container in found:
            self.client.request("DELETE", f"/containers/{container['Id']}?force=1")
        self.client.close()


def rate(operation: Operation, seconds: float) -> float:
    """Repetitions per second, after one that is not counted."""
    operation()
    began, count = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        operation()
        count += 1
    return count / spent


def measure(host: str, cli: str | None, seconds: float) -> dict[str, float]:
    bench = Bench(host, cli)
    try:
        return {name: rate(operation, seconds) for name, operation in bench.operations()}
    finally:
        bench.clean()


@contextlib.contextmanager
def own_mockerd() -> Iterator[tuple[str, float, int]]:
    """A mockerd of this checkout: its host, seconds until it answered, and its process."""
    with tempfile.TemporaryDirectory(prefix="mockerd-bench-") as folder:
        host = f"unix://{folder}/docker.sock"
        command = [sys.executable, "-m", "mockerd", "--host", host, "--log-level", "error"]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            client = wait_until_it_answers(host)
            yield host, time.perf_counter() - began, process.pid
            client.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def wait_until_it_answers(host: str) -> Client:
    while True:
        with contextlib.suppress(OSError):
            client = Client(host)
            client.request("GET", "/_ping")
            return client
        time.sleep(0.002)


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def pull(host: str) -> None:
    client = Client(host)
    with contextlib.suppress(RuntimeError):
        client.request("GET", f"/images/{IMAGE}/json")
        return
    client.request("POST", f"/images/create?fromImage={IMAGE}&tag=latest")


def table(mock: dict[str, float], real: dict[str, float]) -> Iterator[str]:
    yield f"{'operation':<26}{'mockerd/s':>12}{'engine/s':>12}{'ratio':>9}"
    for name, value in mock.items():
        theirs = real.get(name)
        beside = f"{theirs:>12.1f}{value / theirs:>8.1f}x" if theirs else ""
        yield f"{name:<26}{value:>12.1f}{beside}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mock", help="DOCKER_HOST of a running mockerd")
    parser.add_argument("--real", help="DOCKER_HOST of a real engine")
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="how long each operation is repeated"
    )
    parser.add_argument("--cli", default=shutil.which("docker"), help="the docker CLI")
    args = parser.parse_args()
    real = measure(args.real, args.cli, args.seconds) if args.real else {}
    with contextlib.ExitStack() as stack:
        host = args.mock
        if not host:
            host, seconds, pid = stack.enter_context(own_mockerd())
            sys.stdout.write(
                f"start-up {seconds:.2f} s, resident {resident_megabytes(pid):.0f} MB after the first ping\n"
            )
        pull(host)
        mock = measure(host, args.cli, args.seconds)
    sys.stdout.write("\n".join(table(mock, real)) + "\n")


if __name__ == "__main__":
    main()
