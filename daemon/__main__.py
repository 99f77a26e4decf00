"""The command line: `mockerd` in the foreground, or `mockerd run -- CMD` with a daemon for that command alone."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from daemon.app import Daemon
from daemon.behaviours import forwarding
from daemon.clock import Clock
from daemon.config import Config
from daemon.server.listener import ListenError

log = logging.getLogger("mockerd")

_USAGE = """%(prog)s [options]
       %(prog)s run [options] -- CMD [ARG...]
       %(prog)s image add [options] NAME[:TAG]"""
_LEVELS = ("debug", "info", "warning", "error")
_COMMAND_NOT_FOUND = 127


def parser() -> argparse.ArgumentParser:
    """Every option; what Config also has, under the same name."""
    options = argparse.ArgumentParser(
        prog="mockerd", usage=_USAGE, description="A Docker Engine API daemon without a kernel."
    )
    add = options.add_argument
    add("--host", "-H", dest="hosts", action="append", default=[], metavar="URL",
        help="unix:///path or tcp://address:port; may be repeated")  # fmt: skip
    add("--seed", type=int, help="the same seed draws the same ids and names")
    add("--log-level", choices=_LEVELS, default="info")
    add("--publish-host", default="", metavar="ADDRESS",
        help="listen here for published ports that name no address (Docker: 0.0.0.0)")  # fmt: skip
    add("--bind-mounts", choices=("live", "copy", "off"), default="live",
        help="may containers see and change folders of this machine? (default: live)")  # fmt: skip
    add("--allow-bind", action="append", default=[], metavar="DIR",
        help="a folder that clients over TCP may bind; may be repeated")  # fmt: skip
    add("--allow-remote", action="store_true", help="listen on TCP addresses other than loopback")
    add("--allow-egress", action="store_true", help="let containers reach this machine's loopback")
    add("--forward", action="append", default=[], type=_forward, metavar="IMAGE:PORT=HOST:PORT",
        help="let a real server answer on a port of every container of an image; may be repeated")  # fmt: skip
    add("--registry-mirror", metavar="URL", help="take images from this registry")
    add("--insecure-registry", dest="insecure_registries", action="append", default=[],
        metavar="HOST:PORT", help="take plain HTTP or any certificate from this registry or network")  # fmt: skip
    add("--certs-dir", default="/etc/docker/certs.d", metavar="DIR",
        help="HOST:PORT/*.crt in it are the authorities of a registry (default: %(default)s)")  # fmt: skip
    add("--images", action="append", default=[], metavar="DIR",
        help="a folder of further image declarations; may be repeated")  # fmt: skip
    add("--unknown-images", choices=("refuse", "synthesize"), default="refuse",
        help="Docker Hub names that are not declared: refuse them, or make them up")  # fmt: skip
    add("--pull-rate", type=_positive, metavar="BYTES",
        help="so many bytes a second and layer, to see progress bars")  # fmt: skip
    add("--default-address-pool", dest="default_address_pools", action="append", default=[],
        type=_address_pool, metavar="base=CIDR,size=N",
        help="take the subnets of user networks from here; may be repeated")  # fmt: skip
    add(
        "--speed",
        type=float,
        default=1.0,
        metavar="N",
        help="let simulated time run N times faster",
    )
    add("--version", action="version", version=f"mockerd {_own_version()}")
    return options


def _forward(text: str) -> str:
    forwarding([text])
    return text


def _address_pool(text: str) -> tuple[str, int]:
    """dockerd's spelling: `base=10.0.0.0/8,size=24`."""
    parts = dict(part.partition("=")[::2] for part in text.split(","))
    base, size = str(ipaddress.ip_network(parts["base"])), int(parts["size"])
    return base, size


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError(text)
    return number


_positive.__name__ = "positive int"  # argparse says so


def _own_version() -> str:
    try:
        return metadata.version("mockerd")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def default_host() -> str:
    """A socket in a folder that belongs to this user alone."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(runtime) if runtime else Path(tempfile.gettempdir(), f"mockerd-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    return f"unix://{folder}/mockerd.sock"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:2] == ["image", "add"]:
        from fake_registry.catalog.adding import main as add_image

        return add_image(given[2:])
    running = given[:1] == ["run"]
    own, command = _split_command(given[1:]) if running else (given, [])
    options = parser().parse_args(own)
    if running and not command:
        parser().error("run needs a command: mockerd run -- CMD [ARG...]")
    _set_up_logging(options.log_level)
    settings = {name: getattr(options, name) for name in _CONFIG_OPTIONS}
    config = Config(**settings, debug=options.log_level == "debug")
    if not running and not config.hosts:
        config.hosts = [default_host()]
    daemon = Daemon(config, Clock(options.speed))
    try:
        return _run(_run_command(daemon, command) if running else _serve(daemon))
    except ListenError as error:
        print(f"mockerd: {error}", file=sys.stderr)  # noqa: T201 - the command line speaks here
        return 1


_CONFIG_OPTIONS = (
    "hosts", "seed", "publish_host", "bind_mounts", "allow_bind", "allow_remote",
    "allow_egress", "forward", "registry_mirror", "insecure_registries", "certs_dir", "images",
    "unknown_images", "pull_rate", "default_address_pools",
)  # fmt: skip


def _split_command(words: list[str]) -> tuple[list[str], list[str]]:
    """What stands behind `--` is the command; without it, everything is."""
    if "--" not in words:
        return [], words
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _set_up_logging(level: str) -> None:
    logging.basicConfig(
        level=level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S",
        stream=sys.stderr,
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _run(work: Coroutine[Any, Any, int]) -> int:
    """On uvloop where it is installed."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


async def _serve(daemon: Daemon) -> int:
    """Until SIGTERM or ^C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await daemon.start()
    log.info("seed %d", daemon.ids.seed)
    for host in daemon.hosts:
        log.info("listening on %s", host)
    print(f"export DOCKER_HOST={daemon.hosts[0]}", flush=True)  # noqa: T201 - meant for the shell
    try:
        await stop.wait()
        log.info("stopping")
    finally:
        await daemon.close()
    return 0


async def _run_command(daemon: Daemon, command: list[str]) -> int:
    """The command's own exit code; a signal that ended it counts as 128 and its number."""
    await daemon.start()
    try:
        environment = {**os.environ, "DOCKER_HOST": daemon.hosts[0]}
        try:
            child = await asyncio.create_subprocess_exec(*command, env=environment)
        except OSError as error:
            print(f"mockerd: {command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201
            return _COMMAND_NOT_FOUND
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, child.terminate)
        # The terminal sends ^C to the command as well; the daemon outlives it to clean up.
        loop.add_signal_handler(signal.SIGINT, lambda: None)
        code = await child.wait()
        return 128 - code if code < 0 else code
    finally:
        await daemon.close()


if __name__ == "__main__":
    raise SystemExit(main())
