"""apt and apt-get: update, install, remove and what Dockerfiles say beside; nothing is found before an update."""

import os
import re

from daemon.process.process import Process
from daemon.programs.tools.kit import opened
from daemon.programs.tools.packages.dpkg import Status, architecture
from daemon.programs.tools.packages.known import Package, find, packages
from daemon.programs.tools.packages.stubs import install_commands, remove_commands

LISTS = "/var/lib/apt/lists"
COMMANDS = "/usr/bin"
KILOBYTES = 350
"""What every package is said to weigh."""
_FLAGS_WITH_VALUE = ("-o", "-t", "-c", "--option", "--target-release", "--default-release")


class _Request:
    """An apt command line."""

    def __init__(self, proc: Process) -> None:
        self.yes = self.simulate = False
        self.quiet = 0
        self.words: list[str] = []
        words = iter(proc.argv[1:])
        for word in words:
            if word in _FLAGS_WITH_VALUE:
                next(words, "")
            elif word.startswith("--"):
                self._long(word)
            elif word.startswith("-") and len(word) > 1:
                self._short(word)
            else:
                self.words.append(word)

    def _long(self, word: str) -> None:
        self.yes = self.yes or word in ("--yes", "--assume-yes")
        self.quiet += word == "--quiet"
        self.simulate = self.simulate or word in ("--simulate", "--dry-run")

    def _short(self, word: str) -> None:
        self.yes = self.yes or "y" in word
        self.quiet += word.count("q") + ("=2" in word)
        self.simulate = self.simulate or "s" in word


async def apt(proc: Process) -> int:
    request = _Request(proc)
    if os.path.basename(proc.argv[0]) == "apt" and not proc.isatty(1):
        await proc.err(
            "\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n"
        )
    if any(word in proc.argv[1:] for word in ("--version", "-v")):
        await proc.out(f"apt 2.6.1 ({architecture(proc)})\n")
        return 0
    command = request.words[0] if request.words else ""
    handler = _COMMANDS.get(command)
    if handler is None:
        if not command:
            await proc.out(
                f"apt 2.6.1 ({architecture(proc)})\nUsage: {os.path.basename(proc.argv[0])} [options] command\n"
            )
            return 1
        await proc.err(f"E: Invalid operation {command}\n")
        return 100
    if command in _NEEDS_ROOT and proc.cred.uid:
        path = f"{LISTS}/lock" if command == "update" else "/var/lib/dpkg/lock-frontend"
        await proc.err(f"E: Could not open lock file {path} - open (13: Permission denied)\n")
        return 100
    result: int = await handler(proc, request)
    return result


class _Source:
    """One suite of one archive, as the sources name it."""

    def __init__(self, url: str, suite: str, components: list[str]) -> None:
        self.url = url.rstrip("/")
        self.suite = suite
        self.components = components

    def list_name(self, tail: str) -> str:
        return f"{re.sub(r'^https?://', '', self.url).replace('/', '_')}_dists_{self.suite.replace('/', '_')}_{tail}"


def _sources(proc: Process) -> list[_Source]:
    found = []
    folder = "/etc/apt/sources.list.d"
    paths = ["/etc/apt/sources.list"]
    if proc.machine.fs.isdir(folder):
        paths += [f"{folder}/{name}" for name in sorted(proc.listdir(folder))]
    for path in paths:
        try:
            text = proc.fs.read_bytes(path).decode(errors="replace")
        except OSError:
            continue
        found += _deb822(text) if path.endswith(".sources") else _one_line(text)
    return found


def _deb822(text: str) -> list[_Source]:
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", paragraph, re.M))
        for url in fields.get("URIs", "").split():
            for suite in fields.get("Suites", "").split():
                found.append(_Source(url, suite, fields.get("Components", "").split()))
    return found


def _one_line(text: str) -> list[_Source]:
    lines = re.findall(r"^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$", text, re.M)
    return [_Source(url, suite, components.split()) for url, suite, components in lines]


async def _update(proc: Process, request: _Request) -> int:
    sources = _sources(proc)
    arch = architecture(proc)
    number = 0
    total = 0
    for source in sources:
        number += 1
        again = proc.machine.fs.exists(f"{LISTS}/{source.list_name('InRelease')}")
        total += 0 if again else 150
        await _say(
            proc,
            request,
            f"{'Hit' if again else 'Get'}:{number} {source.url} {source.suite} InRelease{'' if again else ' [151 kB]'}\n",
        )
        await _touch(proc, f"{LISTS}/{source.list_name('InRelease')}")
    for source in sources:
        for component in source.components if total else []:
            number += 1
            total += 8500
            await _say(
                proc,
                request,
                f"Get:{number} {source.url} {source.suite}/{component} {arch} Packages [8500 kB]\n",
            )
    if total:
        await _say(proc, request, f"Fetched {total} kB in 1s ({total} kB/s)\n")
    await _say(proc, request, "Reading package lists...\n")
    if os.path.basename(proc.argv[0]) == "apt":
        await _say(
            proc,
            request,
            "Building dependency tree...\nReading state information...\nAll packages are up to date.\n",
        )
    return 0


async def _say(proc: Process, request: _Request, text: str) -> None:
    if request.quiet < 2:
        await proc.out(text)


async def _touch(proc: Process, path: str) -> None:
    if not proc.machine.fs.isdir(LISTS):
        proc.mkdir(LISTS, 0o755)
    async with opened(proc, path, os.O_WRONLY | os.O_CREAT, 0o644):
        return


def _has_lists(proc: Process) -> bool:
    try:
        return any(name.endswith("InRelease") for name in proc.listdir(LISTS))
    except OSError:
        return False


async def _reading(proc: Process, request: _Request) -> None:
    await _say(
        proc,
        request,
        "Reading package lists...\nBuilding dependency tree...\nReading state information...\n",
    )


async def _install(proc: Process, request: _Request) -> int:
    await _reading(proc, request)
    status = Status(proc)
    new: list[Package] = []
    for word in request.words[1:]:
        name = re.split(r"[=/:]", word, maxsplit=1)[0]
        present = status.get(name)
        package = find("debian", name) if _has_lists(proc) else None
        if word.startswith(("./", "/")) and proc.machine.fs.exists(os.path.join(proc.cwd, word)):
            name, _, rest = os.path.basename(word).partition("_")
            package, present = Package(name, rest.partition("_")[0], {}), None
        if present:
            await _say(
                proc, request, f"{name} is already the newest version ({present.version}).\n"
            )
        elif package is None:
            await proc.err(f"E: Unable to locate package {name}\n")
            return 100
        else:
            new.append(package)
    return await _apply(proc, request, status, new)


async def _apply(proc: Process, request: _Request, status: Status, new: list[Package]) -> int:
    if new:
        await _say(
            proc,
            request,
            "The following NEW packages will be installed:\n  "
            + " ".join(sorted(p.name for p in new))
            + "\n",
        )
    await _say(
        proc, request, f"0 upgraded, {len(new)} newly installed, 0 to remove and 0 not upgraded.\n"
    )
    if not new or request.simulate:
        return 0
    size = KILOBYTES * len(new)
    await _say(
        proc,
        request,
        f"Need to get {size} kB of archives.\nAfter this operation, {size * 3} kB of additional disk space will be used.\n",
    )
    if not request.yes and not await _agreed(proc):
        return 1
    await _download(proc, request, new)
    if not status.get("apt-utils"):
        await proc.err(
            "debconf: delaying package configuration, since apt-utils is not installed\n"
        )
    for package in new:
        await _unpack(proc, request, package)
    for package in new:
        await _say(proc, request, f"Setting up {package.name} ({package.version}) ...\n")
        status.add(package)
        await status.list_files(package.name, await install_commands(proc, package, COMMANDS))
    await status.save()
    libc = status.get("libc-bin") or status.get("libc6")
    if libc:
        await _say(proc, request, f"Processing triggers for libc-bin ({libc.version}) ...\n")
    return 0


async def _agreed(proc: Process) -> bool:
    await proc.out("Do you want to continue? [Y/n] ")
    answer = (await proc.read(0, 1024)).strip().lower()
    if answer in (b"y", b"yes") or (answer == b"" and proc.isatty(0)):
        return True
    await proc.out("Abort.\n")
    return False


async def _download(proc: Process, request: _Request, new: list[Package]) -> None:
    sources = _sources(proc)
    where = (
        f"{sources[0].url} {sources[0].suite}/main"
        if sources
        else "http://deb.debian.org/debian stable/main"
    )
    arch = architecture(proc)
    for index, package in enumerate(new, start=1):
        await _say(
            proc,
            request,
            f"Get:{index} {where} {arch} {package.name} {arch} {package.version} [{KILOBYTES} kB]\n",
        )
    size = KILOBYTES * len(new)
    await _say(proc, request, f"Fetched {size} kB in 0s ({size * 10} kB/s)\n")


async def _unpack(proc: Process, request: _Request, package: Package) -> None:
    version = re.sub(r"^\d+:", "", package.version)
    await _say(
        proc,
        request,
        f"Selecting previously unselected package {package.name}.\n"
        "(Reading database ... 6089 files and directories currently installed.)\n"
        f"Preparing to unpack .../{package.name}_{version}_{architecture(proc)}.deb ...\n"
        f"Unpacking {package.name} ({package.version}) ...\n",
    )


async def _remove(proc: Process, request: _Request) -> int:
    await _reading(proc, request)
    status = Status(proc)
    rows = []
    for name in request.words[1:]:
        row = status.get(name)
        if row:
            rows.append(row)
        elif find("debian", name) and _has_lists(proc):
            await _say(proc, request, f"Package '{name}' is not installed, so not removed\n")
        else:
            await proc.err(f"E: Unable to locate package {name}\n")
            return 100
    if rows:
        await _say(
            proc,
            request,
            "The following packages will be REMOVED:\n  "
            + " ".join(row.name for row in rows)
            + "\n",
        )
    await _say(
        proc, request, f"0 upgraded, 0 newly installed, {len(rows)} to remove and 0 not upgraded.\n"
    )
    if rows and not request.yes and not await _agreed(proc):
        return 1
    for row in rows:
        await _say(proc, request, f"Removing {row.name} ({row.version}) ...\n")
        package = find("debian", row.name)
        if package:
            remove_commands(proc, package, COMMANDS)
        status.remove(row.name)
    await status.save()
    return 0


async def _upgrade(proc: Process, request: _Request) -> int:
    await _reading(proc, request)
    await _say(
        proc,
        request,
        "Calculating upgrade...\n0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n",
    )
    return 0


async def _autoremove(proc: Process, request: _Request) -> int:
    await _reading(proc, request)
    await _say(proc, request, "0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
    return 0


async def _clean(proc: Process, request: _Request) -> int:
    return 0


async def _list(proc: Process, request: _Request) -> int:
    await proc.out("Listing...\n")
    for row in Status(proc).rows:
        await proc.out(f"{row.name}/now {row.version} {row.architecture} [installed,local]\n")
    return 0


async def _search(proc: Process, request: _Request) -> int:
    for name, package in sorted(packages("debian").items()):
        if any(word in name for word in request.words[1:]):
            await proc.out(f"{name} - {package.version}\n")
    return 0


async def _show(proc: Process, request: _Request) -> int:
    for name in request.words[1:]:
        package = find("debian", name)
        if package is None:
            await proc.err("E: No packages found\n")
            return 100
        await proc.out(
            f"Package: {name}\nVersion: {package.version}\nPriority: optional\nSection: utils\nDescription: {name}\n\n"
        )
    return 0


_COMMANDS = {
    "update": _update,
    "install": _install,
    "remove": _remove,
    "purge": _remove,
    "upgrade": _upgrade,
    "dist-upgrade": _upgrade,
    "full-upgrade": _upgrade,
    "autoremove": _autoremove,
    "autopurge": _autoremove,
    "clean": _clean,
    "autoclean": _clean,
    "check": _clean,
    "list": _list,
    "search": _search,
    "show": _show,
    "policy": _show,
    "build-dep": _autoremove,
    "download": _clean,
    "hold": _clean,
    "unhold": _clean,
}
_NEEDS_ROOT = frozenset({"update", "install", "remove", "purge", "upgrade", "dist-upgrade"})
