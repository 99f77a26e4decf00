"""dpkg and its kin over /var/lib/dpkg/status, and the database that apt shares."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from daemon.process.process import Process
from daemon.programs.tools.kit import opened
from daemon.programs.tools.packages.known import Package

STATUS = "/var/lib/dpkg/status"
INFO = "/var/lib/dpkg/info"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture(proc: Process) -> str:
    return ARCHITECTURES.get(proc.machine.host.machine, "amd64")


@dataclass(frozen=True, slots=True)
class Installed:
    """A paragraph of the status file."""

    name: str
    version: str
    architecture: str
    summary: str
    text: str


class Status:
    """The status file, read at once and written back whole."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        try:
            text = proc.fs.read_bytes(STATUS).decode(errors="replace")
        except OSError:
            text = ""
        self.rows = [_paragraph(part) for part in re.split(r"\n\s*\n", text) if part.strip()]

    def get(self, name: str) -> Installed | None:
        bare = name.partition(":")[0]
        return next((row for row in self.rows if row.name == bare), None)

    def add(self, package: Package) -> None:
        arch = architecture(self.proc)
        text = (
            f"Package: {package.name}\nStatus: install ok installed\nPriority: optional\nSection: utils\n"
            f"Installed-Size: 500\nArchitecture: {arch}\nVersion: {package.version}\nDescription: {package.name}"
        )
        self.rows.append(Installed(package.name, package.version, arch, package.name, text))
        self.rows.sort(key=lambda row: row.name)

    def remove(self, name: str) -> None:
        self.rows = [row for row in self.rows if row.name != name]

    async def save(self) -> None:
        text = "".join(f"{row.text}\n\n" for row in self.rows)
        async with opened(self.proc, STATUS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) as fd:
            await self.proc.write(fd, text.encode())

    async def list_files(self, name: str, paths: list[str]) -> None:
        """What `dpkg -L` will tell."""
        async with opened(
            self.proc, f"{INFO}/{name}.list", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644
        ) as fd:
            lines = ["/.", "/usr", "/usr/bin", *paths]
            await self.proc.write(fd, "".join(f"{line}\n" for line in lines).encode())


def _paragraph(text: str) -> Installed:
    fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", text, re.M))
    return Installed(
        fields.get("Package", ""),
        fields.get("Version", ""),
        fields.get("Architecture", ""),
        fields.get("Description", ""),
        text.strip(),
    )


async def dpkg(proc: Process) -> int:
    words = [word for word in proc.argv[1:] if not word.startswith("--force")]
    action = next((word for word in words if word.startswith("-")), "")
    names = [word for word in words if not word.startswith("-")]
    if action in ("--print-architecture",):
        await proc.out(f"{architecture(proc)}\n")
        return 0
    if action == "--version":
        await proc.out("Debian 'dpkg' package management program version 1.21.22 (amd64).\n")
        return 0
    if action == "--print-foreign-architectures":
        return 0
    handler = _ACTIONS.get(action)
    if handler is None:
        if action in ("--configure", "-a", "--add-architecture", "--audit"):
            return 0
        text = "need an action option" if not action else f"unknown option {action}"
        await proc.err(
            f"dpkg: error: {text}\n\nType dpkg --help for help about installing and deinstalling packages [*];\n"
        )
        return 2
    result: int = await handler(proc, names)
    return result


async def _list(proc: Process, names: list[str]) -> int:
    rows = [row for row in Status(proc).rows if not names or _fits(row.name, names)]
    if names and not rows:
        await proc.err(f"dpkg-query: no packages found matching {names[0]}\n")
        return 1
    widths = [
        max([4, *(len(row.name) for row in rows)]),
        max([7, *(len(row.version) for row in rows)]),
    ]
    head = (
        "Desired=Unknown/Install/Remove/Purge/Hold\n"
        "| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n"
        "|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n"
        f"||/ {'Name':<{widths[0]}} {'Version':<{widths[1]}} Architecture Description\n"
    )
    line = f"+++-{'=' * widths[0]}-{'=' * widths[1]}-============-{'=' * 40}\n"
    await proc.out(head + line)
    for row in rows:
        await proc.out(
            f"ii  {row.name:<{widths[0]}} {row.version:<{widths[1]}} {row.architecture:<12} {row.summary}\n"
        )
    return 0


def _fits(name: str, patterns: list[str]) -> bool:
    return any(
        re.fullmatch(pattern.replace("*", ".*").replace("?", "."), name) for pattern in patterns
    )


async def _show(proc: Process, names: list[str]) -> int:
    status = Status(proc)
    code = 0
    for name in names:
        row = status.get(name)
        if row is None:
            code = 1
            await proc.err(
                f"dpkg-query: package '{name}' is not installed and no information is available\n"
                "Use dpkg --info (= dpkg-deb --info) to examine archive files.\n"
            )
        else:
            await proc.out(row.text + "\n")
    return code


async def _files(proc: Process, names: list[str]) -> int:
    for name in names:
        try:
            await proc.out(proc.fs.read_bytes(f"{INFO}/{name}.list"))
        except OSError:
            await proc.err(
                f"dpkg-query: package '{name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n"
            )
            return 1
    return 0


async def _install(proc: Process, names: list[str]) -> int:
    status = Status(proc)
    for path in names:
        if not proc.machine.fs.exists(os.path.join(proc.cwd, path)):
            await proc.err(
                f"dpkg: error: cannot access archive '{path}': No such file or directory\n"
            )
            return 2
        name, _, rest = os.path.basename(path).partition("_")
        version = rest.partition("_")[0] or "1.0"
        await proc.out(
            f"Selecting previously unselected package {name}.\nPreparing to unpack {path} ...\n"
            f"Unpacking {name} ({version}) ...\nSetting up {name} ({version}) ...\n"
        )
        status.add(Package(name, version, {}))
    await status.save()
    return 0


async def _remove(proc: Process, names: list[str]) -> int:
    status = Status(proc)
    for name in names:
        row = status.get(name)
        if row is None:
            await proc.err(
                f"dpkg: warning: ignoring request to remove {name} which isn't installed\n"
            )
            continue
        await proc.out(f"Removing {name} ({row.version}) ...\n")
        status.remove(name)
    await status.save()
    return 0


async def _owner(proc: Process, names: list[str]) -> int:
    code = 0
    for path in names:
        owners = [
            name.removesuffix(".list")
            for name in proc.listdir(INFO)
            if name.endswith(".list")
            and path in proc.fs.read_bytes(f"{INFO}/{name}").decode().splitlines()
        ]
        if not owners:
            code = 1
            await proc.err(f"dpkg-query: no path found matching pattern {path}\n")
        for owner in owners:
            await proc.out(f"{owner}: {path}\n")
    return code


async def _selections(proc: Process, names: list[str]) -> int:
    for row in Status(proc).rows:
        await proc.out(f"{row.name}\t\t\t\t\tinstall\n")
    return 0


_ACTIONS = {
    "-l": _list,
    "--list": _list,
    "-s": _show,
    "--status": _show,
    "-L": _files,
    "--listfiles": _files,
    "-i": _install,
    "--install": _install,
    "-r": _remove,
    "-P": _remove,
    "--remove": _remove,
    "--purge": _remove,
    "-S": _owner,
    "--search": _owner,
    "--get-selections": _selections,
}


async def dpkg_query(proc: Process) -> int:
    words = proc.argv[1:]
    if "-W" not in words and "--show" not in words:
        return await dpkg(proc)
    form = "${Package}\t${Version}\n"
    names = []
    for index, word in enumerate(words):
        if word in ("-f", "--showformat") and index + 1 < len(words):
            form = words[index + 1]
        elif found := re.match(r"(?:-f=?|--showformat=)(.+)", word, re.S):
            form = found[1]
        elif not word.startswith("-") and (
            not index or words[index - 1] not in ("-f", "--showformat")
        ):
            names.append(word)
    rows = [row for row in Status(proc).rows if not names or _fits(row.name, names)]
    if not rows:
        await proc.err(f"dpkg-query: no packages found matching {names[0] if names else ''}\n")
        return 1
    for row in rows:
        fields = dict(re.findall(r"^([A-Za-z-]+): *(.*)$", row.text, re.M))
        fields["db:Status-Abbrev"] = "ii "
        fields["binary:Package"] = row.name
        text = re.sub(r"\$\{([A-Za-z:-]+)(?:;-?\d+)?\}", _filled(fields), form)
        await proc.out(text.replace("\\n", "\n").replace("\\t", "\t"))
    return 0


def _filled(fields: dict[str, str]) -> Callable[[re.Match[str]], str]:
    return lambda found: fields.get(found[1], "")


async def quiet(proc: Process) -> int:
    """dpkg-divert, dpkg-statoverride, update-alternatives and others that scripts call for their effect on files elsewhere."""
    return 0
