"""What builds by buildx cost: seconds beside a real engine when one is given, and the growth of mockerd's memory.

    python -m benchmarks.builds [--real unix:///…] [--times 7] [--contexts 3]

Needs docker with buildx on the PATH; the real engine needs the image busybox. Every context that is sent stays in the
build cache of the real engine, and its image without a name.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.compare import own_mockerd, pull, resident_megabytes

MEGABYTE = 1024 * 1024
SIZE = 300
FILES = 10_000
ALL = "FROM scratch\nCOPY . /\n"
STEPS = "FROM busybox\nRUN echo one\nCOPY Dockerfile /\nRUN echo two\n"
LONG = "FROM busybox\nRUN false\n" + "# as long as a generated one\n" * 12_800


class Build(NamedTuple):
    """A build: its context's folder, and the options."""

    name: str
    folder: str
    options: tuple[str, ...] = ()
    fails: bool = False


QUICK = (
    Build("three steps", "steps"),
    Build("three steps, no cache", "steps", ("--no-cache",)),
    Build("failing, Dockerfile of 370 kB", "long", fails=True),
)
LARGE = tuple(
    Build(f"{what}, {output or 'image'}", folder, (f"--output={output}",) if output else ())
    for what, folder in ((f"a file of {SIZE} MB", "one"), (f"{FILES} files of {SIZE} MB", "many"))
    for output in ("", "type=local,dest={out}", "type=tar,dest={out}.tar")
)


def write_contexts(here: Path) -> None:
    for name, dockerfile in (("steps", STEPS), ("long", LONG), ("one", ALL), ("many", ALL)):
        (here / name).mkdir()
        (here / name / "Dockerfile").write_text(dockerfile)
    with (here / "one" / "file").open("wb") as file:
        for _ in range(SIZE):
            file.write(os.urandom(MEGABYTE))
    for number in range(FILES):
        folder = here / "many" / str(number % 100)
        folder.mkdir(exist_ok=True)
        (folder / str(number)).write_bytes(os.urandom(SIZE * MEGABYTE // FILES))


def seconds(host: str, here: Path, build: Build) -> float:
    with tempfile.TemporaryDirectory(dir=here) as out:
        options = [option.format(out=f"{out}/out") for option in build.options]
        began = time.perf_counter()
        done = subprocess.run(
            ["docker", "buildx", "build", "--progress=quiet", *options, str(here / build.folder)],
            env={**os.environ, "DOCKER_HOST": host},
            capture_output=True,
            check=False,
        )
        spent = time.perf_counter() - began
    assert (done.returncode != 0) is build.fails, done.stderr.decode()
    return spent


class Context(NamedTuple):
    """A folder to be sent: so many files, of so many bytes."""

    files: int
    bytes: int

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(ALL)
        for number in range(self.files):
            inner = folder / str(number % 100)
            inner.mkdir(exist_ok=True)
            (inner / str(number)).write_bytes(os.urandom(self.bytes))


CONTEXTS = (Context(1, 100 * MEGABYTE), Context(FILES, 30 * 1024), Context(20_000, 300))
STATES = ("first", "unchanged", "one file edited")


def sent(host: str, here: Path, context: Context) -> list[float]:
    """The seconds that builds of a folder take that nobody has seen before, in each of STATES."""
    with tempfile.TemporaryDirectory(dir=here) as place:
        # What is kept of a folder is found by its name; equal contents would be found as well.
        name = Path(place).name
        folder = here / name / name
        context.write(folder)
        build = Build(name, str(folder))
        spent = [seconds(host, here, build), seconds(host, here, build)]
        (folder / "0" / "0").write_bytes(os.urandom(context.bytes))
        return [*spent, seconds(host, here, build)]


class Watch(threading.Thread):
    """The highest resident memory of a process while this runs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._over = threading.Event()
        self.before = self.highest = resident_megabytes(pid)

    def run(self) -> None:
        while not self._over.wait(0.01):
            self.highest = max(self.highest, resident_megabytes(self._pid))

    def growth(self) -> float:
        """Megabytes; ends the watch."""
        self._over.set()
        self.join()
        return self.highest - self.before


def quick(hosts: list[str], here: Path, times: int) -> Iterator[str]:
    """Medians; the daemons take turns, so that all have the same machine."""
    for build in QUICK:
        spent = [[seconds(host, here, build) for host in hosts] for _ in range(times)]
        medians = [statistics.median(column) for column in zip(*spent, strict=True)]
        yield f"{build.name:<34}" + "".join(f"{value:>10.3f} s" for value in medians)


def contexts(hosts: list[str], here: Path, times: int) -> Iterator[str]:
    """Medians, likewise."""
    for context in CONTEXTS:
        spent = [[sent(host, here, context) for host in hosts] for _ in range(times)]
        for number, state in enumerate(STATES):
            columns = zip(*([of_host[number] for of_host in row] for row in spent), strict=True)
            medians = [statistics.median(column) for column in columns]
            name = f"{context.files} x {context.bytes} bytes, {state}"
            yield f"{name:<34}" + "".join(f"{value:>10.3f} s" for value in medians)


def large(host: str, pid: int, here: Path) -> Iterator[str]:
    for build in LARGE:
        watch = Watch(pid)
        watch.start()
        spent = seconds(host, here, build)
        yield f"{build.name:<54}{spent:>6.1f} s{watch.growth():>6.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", help="DOCKER_HOST of a real engine")
    parser.add_argument(
        "--times", type=int, default=7, help="how often the quick ones are repeated"
    )
    parser.add_argument("--contexts", type=int, default=3, help="how often contexts are sent")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mockerd-bench-") as folder, own_mockerd() as started:
        here, (host, _, pid) = Path(folder), started
        write_contexts(here)
        pull(host)
        hosts = [host, args.real] if args.real else [host]
        measured = (
            quick(hosts, here, args.times),
            contexts(hosts, here, args.contexts),
            large(host, pid, here),
        )
        for line in itertools.chain.from_iterable(measured):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
