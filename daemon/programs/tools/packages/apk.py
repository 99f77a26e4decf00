"""apk, Alpine's package manager: its usual commands, its words, and the database under /lib/apk/db."""

import os
import re
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.tools.kit import opened
from daemon.programs.tools.options import OptionError, Options, Parser
from daemon.programs.tools.packages.known import Package, find, packages
from daemon.programs.tools.packages.stubs import install_commands, remove_commands

DATABASE = "/lib/apk/db/installed"
WORLD = "/etc/apk/world"
REPOSITORIES = "/etc/apk/repositories"
COMMANDS = "/usr/bin"
_SHORT = "UuqvfpVeLsaIhdRwWX:t:lriP"
_LONG = (
    "update-cache=U no-cache=no-cache virtual:=t quiet=q verbose=v upgrade=u latest=l repository:=X root:=p "
    "no-progress=no-progress progress=progress force=f allow-untrusted=allow no-scripts=no-scripts "
    "no-interactive=no-interactive installed=I version=V help=h exists=e simulate=s rdepends=r available=a "
    "cache-dir:=cache initdb=initdb arch:=arch keys-dir:=keys repositories-file:=repos purge=purge wait:=wait "
    "all=a description=d depends=R contents=L size=S web=w who-owns=W interactive=i print-arch=print-arch"
)


@dataclass(frozen=True, slots=True)
class Installed:
    """A paragraph of the installed database."""

    name: str
    version: str
    text: str


class Database:
    """What is installed, and what was asked for by name."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.rows = [
            _paragraph(part) for part in _read(proc, DATABASE).split("\n\n") if part.strip()
        ]
        self.world = _read(proc, WORLD).split()

    def get(self, name: str) -> Installed | None:
        return next((row for row in self.rows if row.name == name), None)

    def add(self, package: Package, arch: str) -> None:
        files = "".join(f"R:{command}\n" for command in package.commands)
        folder = "F:usr/bin\n" if files else ""
        text = f"P:{package.name}\nV:{package.version}\nA:{arch}\n{folder}{files}".strip()
        self.rows.append(Installed(package.name, package.version, text))

    async def save(self) -> None:
        await _write(self.proc, DATABASE, "".join(f"{row.text}\n\n" for row in self.rows))
        await _write(self.proc, WORLD, "".join(f"{name}\n" for name in sorted(set(self.world))))

    def summary(self) -> str:
        return f"OK: {5 + 2 * len(self.rows)} MiB in {len(self.rows)} packages\n"


def _paragraph(text: str) -> Installed:
    fields = dict(line.split(":", 1) for line in text.strip().splitlines() if ":" in line)
    return Installed(fields.get("P", ""), fields.get("V", ""), text.strip())


def _read(proc: Process, path: str) -> str:
    try:
        return proc.fs.read_bytes(path).decode(errors="replace")
    except OSError:
        return ""


async def _write(proc: Process, path: str, text: str) -> None:
    async with opened(proc, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) as fd:
        await proc.write(fd, text.encode())


async def apk(proc: Process) -> int:
    try:
        options = Parser(_SHORT, _LONG).parse(proc.argv[1:])
    except OptionError as error:
        await proc.err(f"apk: {error.musl}\n")
        return 1
    if "V" in options and not options.args:
        await proc.out("apk-tools 2.14.9, compiled for x86_64.\n")
        return 0
    if "print-arch" in options:
        await proc.out(f"{proc.machine.host.machine}\n")
        return 0
    handler = _COMMANDS.get(options.args[0]) if options.args else None
    if handler is None:
        await proc.out(_usage())
        return 0 if not options.args else 1
    names = options.args[1:]
    result: int = await handler(proc, options, names)
    return result


def _usage() -> str:
    listed = "\n".join(f"  {name}" for name in _COMMANDS)
    return f"apk-tools 2.14.9, compiled for x86_64.\n\nusage: apk [<OPTIONS>...] COMMAND [<ARGUMENTS>...]\n\nCommands:\n{listed}\n"


def _urls(proc: Process) -> list[str]:
    lines = (line.strip() for line in _read(proc, REPOSITORIES).splitlines())
    return [line.split()[-1] for line in lines if line and not line.startswith("#")]


async def _fetch(proc: Process) -> None:
    for url in _urls(proc):
        await proc.out(f"fetch {url}/{proc.machine.host.machine}/APKINDEX.tar.gz\n")


async def _update(proc: Process, options: Options, names: list[str]) -> int:
    await _fetch(proc)
    release = _read(proc, "/etc/alpine-release").strip()
    for url in _urls(proc):
        await proc.out(f"v{release}-0-g{proc.machine.ids.hex(11)} [{url}]\n")
    await proc.out("OK: 26328 distinct packages available\n")
    return 0


def _bare(name: str) -> str:
    return re.split(r"[=<>~@]", name, maxsplit=1)[0]


async def _add(proc: Process, options: Options, names: list[str]) -> int:
    if proc.cred.uid:
        await proc.err(
            "ERROR: Unable to lock database: Permission denied\nERROR: Failed to open apk database: Permission denied\n"
        )
        return 99
    if "q" not in options:
        await _fetch(proc)
    database = Database(proc)
    wanted = {_bare(name): find("alpine", _bare(name)) for name in names}
    missing = [n for n, package in wanted.items() if package is None and not database.get(n)]
    if missing:
        await proc.err("ERROR: unable to select packages:\n")
        for name in missing:
            owner = options.value("t") or "world"
            await proc.err(f"  {name} (no such package):\n    required by: {owner}[{name}]\n")
        return len(missing)
    new = [package for package in wanted.values() if package and not database.get(package.name)]
    virtual = options.value("t")
    if virtual:
        stamp = proc.machine.clock.now() // 1_000_000_000
        new.append(Package(virtual, f"20250101.{stamp % 1_000_000:06d}", {}))
    await _install(proc, options, database, new)
    database.world += [virtual] if virtual else list(wanted)
    await database.save()
    if virtual:
        await _remember(proc, virtual, [p.name for p in new if p.name != virtual])
    if "q" not in options:
        await proc.out(database.summary())
    return 0


async def _install(proc: Process, options: Options, database: Database, new: list[Package]) -> None:
    for index, package in enumerate(new, start=1):
        if "q" not in options:
            await proc.out(f"({index}/{len(new)}) Installing {package.name} ({package.version})\n")
        await install_commands(proc, package, COMMANDS)
        database.add(package, proc.machine.host.machine)
    busybox = database.get("busybox")
    if new and busybox and "q" not in options:
        await proc.out(f"Executing busybox-{busybox.version}.trigger\n")
    for package in new:
        if package.name == "ca-certificates" and "q" not in options:
            await proc.out(f"Executing ca-certificates-{package.version}.trigger\n")


async def _remember(proc: Process, virtual: str, names: list[str]) -> None:
    """What a virtual package stands for, in its own paragraph, so that `apk del` finds it."""
    database = Database(proc)
    database.rows = [
        Installed(row.name, row.version, f"{row.text}\nD:{' '.join(names)}")
        if row.name == virtual
        else row
        for row in database.rows
    ]
    await database.save()


async def _del(proc: Process, options: Options, names: list[str]) -> int:
    database = Database(proc)
    doomed: list[Installed] = []
    for name in names:
        row = database.get(name)
        if row is None:
            continue
        doomed.append(row)
        parts = re.search(r"^D:(.*)$", row.text, re.M) if name.startswith(".") else None
        for part in parts[1].split() if parts else []:
            if part not in database.world and (found := database.get(part)):
                doomed.append(found)
    for index, row in enumerate(doomed, start=1):
        if "q" not in options:
            await proc.out(f"({index}/{len(doomed)}) Purging {row.name} ({row.version})\n")
        package = find("alpine", row.name)
        if package:
            remove_commands(proc, package, COMMANDS)
    gone = {row.name for row in doomed}
    database.rows = [row for row in database.rows if row.name not in gone]
    database.world = [name for name in database.world if name not in {*gone, *names}]
    await database.save()
    if "q" not in options:
        await proc.out(database.summary())
    return 0


async def _upgrade(proc: Process, options: Options, names: list[str]) -> int:
    await _fetch(proc)
    await proc.out(Database(proc).summary())
    return 0


async def _info(proc: Process, options: Options, names: list[str]) -> int:
    database = Database(proc)
    if not names:
        for row in sorted(database.rows, key=lambda row: row.name):
            await proc.out(f"{row.name}-{row.version}\n" if "v" in options else f"{row.name}\n")
        return 0
    code = 0
    for name in names:
        found = database.get(name)
        if found is None:
            code = 1
        elif "e" in options:
            await proc.out(f"{name}\n")
        elif "L" in options:
            files = "".join(
                f"usr/bin/{line[2:]}\n" for line in found.text.splitlines() if line.startswith("R:")
            )
            await proc.out(f"{name}-{found.version} contains:\n{files}\n")
        else:
            await proc.out(
                f"{name}-{found.version} description:\n{name}\n\n{name}-{found.version} installed size:\n1024 KiB\n\n"
            )
    return code


async def _list(proc: Process, options: Options, names: list[str]) -> int:
    arch = proc.machine.host.machine
    for row in sorted(Database(proc).rows, key=lambda row: row.name):
        if not names or row.name in names:
            await proc.out(f"{row.name}-{row.version} {arch} {{{row.name}}} (custom) [installed]\n")
    return 0


async def _search(proc: Process, options: Options, names: list[str]) -> int:
    for name, package in sorted(packages("alpine").items()):
        if not names or any(word in name for word in names):
            await proc.out(f"{name}-{package.version}\n")
    return 0


async def _quietly(proc: Process, options: Options, names: list[str]) -> int:
    return 0


_COMMANDS = {
    "add": _add,
    "del": _del,
    "update": _update,
    "upgrade": _upgrade,
    "info": _info,
    "list": _list,
    "search": _search,
    "fix": _quietly,
    "cache": _quietly,
    "fetch": _quietly,
    "policy": _quietly,
    "version": _quietly,
}
