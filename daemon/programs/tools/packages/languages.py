"""pip, npm, yarn, yum and dnf as far as Dockerfiles use them: they succeed, say what they say, and keep a list."""

import os
import re

from daemon.process.process import Process
from daemon.programs.tools.kit import opened, read_all
from daemon.programs.tools.paths import make_folders

_VERSIONS = {
    "flask": "3.1.2",
    "django": "5.2.7",
    "requests": "2.32.5",
    "redis": "7.0.1",
    "numpy": "2.3.4",
    "gunicorn": "23.0.0",
    "pytest": "8.4.2",
    "fastapi": "0.120.0",
    "uvicorn": "0.38.0",
}


async def pip(proc: Process) -> int:
    words = proc.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    if "--version" in words or "-V" in words:
        await proc.out("pip 25.2 from /usr/local/lib/python3/site-packages/pip (python 3)\n")
        return 0
    if command == "install":
        return await _pip_install(proc, words)
    if command in ("list", "freeze"):
        names = await _remembered(proc)
        if command == "list":
            await proc.out("Package    Version\n---------- -------\n")
        for row in names:
            name, _, version = row.partition("==")
            await proc.out(f"{row}\n" if command == "freeze" else f"{name:<10} {version}\n")
        return 0
    if command in ("uninstall", "cache", "config", "check", "show", "download", "wheel"):
        return 0
    await proc.out("\nUsage:   \n  pip <command> [options]\n")
    return 0 if not command else 1


_PIP_MEMORY = "/usr/local/lib/python3/site-packages/installed.txt"


async def _remembered(proc: Process) -> list[str]:
    try:
        return (await read_all(proc, _PIP_MEMORY)).decode().split()
    except OSError:
        return []


async def _pip_install(proc: Process, words: list[str]) -> int:
    wanted = await _requirements(proc, words[words.index("install") + 1 :])
    if wanted is None:
        return 1
    if not wanted:
        await proc.err(
            'ERROR: You must give at least one requirement to install (see "pip help install")\n'
        )
        return 1
    done = []
    for requirement in wanted:
        name = re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)[0]
        if re.search(r"no-?such|nonexist", name):
            await proc.err(
                f"ERROR: Could not find a version that satisfies the requirement {name} (from versions: none)\nERROR: No matching distribution found for {name}\n"
            )
            return 1
        pinned = re.search(r"==\s*([\w.]+)", requirement)
        version = pinned[1] if pinned else _VERSIONS.get(name.lower(), "1.0.0")
        await proc.out(
            f"Collecting {requirement}\n  Downloading {name.lower()}-{version}-py3-none-any.whl (100 kB)\n"
        )
        done.append((name, version))
    await proc.out(f"Installing collected packages: {', '.join(name for name, _ in done)}\n")
    await _remember(proc, [f"{name}=={version}" for name, version in done])
    await proc.out(
        f"Successfully installed {' '.join(f'{name}-{version}' for name, version in done)}\n"
    )
    return 0


async def _requirements(proc: Process, words: list[str]) -> list[str] | None:
    wanted: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in ("-r", "--requirement"):
            path = next(rest, "")
            try:
                text = (await read_all(proc, path)).decode()
            except OSError:
                await proc.err(
                    f"ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{path}'\n"
                )
                return None
            lines = (line.partition("#")[0].strip() for line in text.splitlines())
            wanted += [line for line in lines if line and not line.startswith("-")]
        elif word in (
            "-i",
            "--index-url",
            "--extra-index-url",
            "-t",
            "--target",
            "-e",
            "--prefix",
            "--root",
        ):
            next(rest, "")
        elif not word.startswith("-"):
            wanted.append(word)
    if "-e" in words or "." in words:
        wanted = wanted or ["."]
    return wanted


async def _remember(proc: Process, rows: list[str]) -> None:
    known = {row.partition("==")[0]: row for row in [*await _remembered(proc), *rows]}
    make_folders(proc, os.path.dirname(_PIP_MEMORY), 0o755)
    async with opened(proc, _PIP_MEMORY, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644) as fd:
        await proc.write(fd, "".join(f"{known[name]}\n" for name in sorted(known)).encode())


async def npm(proc: Process) -> int:
    """npm, npx, yarn and corepack."""
    words = proc.argv[1:]
    command = next((word for word in words if not word.startswith("-")), "")
    name = os.path.basename(proc.argv[0])
    if "--version" in words or "-v" in words:
        await proc.out(
            {"npm": "10.9.4", "npx": "10.9.4", "yarn": "1.22.22"}.get(name, "0.34.0") + "\n"
        )
        return 0
    if name == "npm" and command in ("install", "i", "ci", "add"):
        if command == "ci" and not proc.machine.fs.exists(
            os.path.join(proc.cwd, "package-lock.json")
        ):
            await proc.err(
                "npm error code EUSAGE\nnpm error\nnpm error The `npm ci` command can only install with an existing package-lock.json or\nnpm error npm-shrinkwrap.json with lockfileVersion >= 1.\n"
            )
            return 1
        if not proc.machine.fs.exists(os.path.join(proc.cwd, "node_modules")):
            proc.mkdir("node_modules", 0o755)
        count = max(1, len([word for word in words if not word.startswith("-")]) - 1)
        await proc.out(f"\nadded {count} package{'s' if count > 1 else ''} in 1s\n")
    elif name == "yarn" and command in ("install", "", "add"):
        await proc.out(
            "yarn install v1.22.22\n[1/4] Resolving packages...\n[2/4] Fetching packages...\n[3/4] Linking dependencies...\n[4/4] Building fresh packages...\nDone in 1.00s.\n"
        )
    return 0


async def yum(proc: Process) -> int:
    """yum, dnf and microdnf."""
    words = [word for word in proc.argv[1:] if not word.startswith("-")]
    if words[:1] == ["install"]:
        for name in words[1:]:
            await proc.out(f"Installed:\n  {name}\n\n")
        await proc.out("Complete!\n")
    return 0
