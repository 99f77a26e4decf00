"""node, npm and their kin: versions, console.log of plain values, and a clear word about the rest."""

import json
import os
import re

from daemon.process.process import Process

NPM_VERSIONS = {"npm": "11.6.2", "npx": "11.6.2", "yarn": "1.22.22", "corepack": "0.34.1"}
NOT_SIMULATED = "mockerd simulates no JavaScript but console.log of plain values"
STATEMENT = re.compile(r"\s*(?:console\.(log|error)\(|process\.(exit)\()")


class NotSimulated(Exception):
    """A piece of JavaScript beyond what is known here."""


def version(proc: Process) -> str:
    return proc.env.get("NODE_VERSION", "25.1.0")


async def node(proc: Process) -> int:
    words = list(proc.argv[1:])
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word in ("-v", "--version"):
            await proc.out(f"v{version(proc)}\n")
            return 0
        if word in ("-e", "--eval", "-p", "--print", "-pe"):
            code = words.pop(0) if words else ""
            return await _run(proc, f"console.log({code})" if "p" in word else code, "[eval]")
    if words and words[0] != "-":
        return await _script(proc, words[0])
    text = b""
    if not proc.isatty(0):
        while data := await proc.read(0):
            text += data
    return await _run(proc, text.decode("utf-8", "replace"), "[stdin]")


async def _script(proc: Process, path: str) -> int:
    fs = proc.machine.fs
    for candidate in (path, f"{path}.js", f"{path}/index.js"):
        if fs.exists(candidate, cwd=proc.cwd) and not fs.isdir(candidate, cwd=proc.cwd):
            text = fs.read_bytes(candidate, who=proc.cred, cwd=proc.cwd).decode("utf-8", "replace")
            return await _run(proc, text, candidate)
    whole = path if path.startswith("/") else f"{proc.cwd.rstrip('/')}/{path}"
    await proc.err(
        "node:internal/modules/cjs/loader:1423\n  throw err;\n  ^\n\n"
        f"Error: Cannot find module '{whole}'\n  code: 'MODULE_NOT_FOUND',\n  requireStack: []\n\nNode.js v{version(proc)}\n"
    )
    return 1


async def _run(proc: Process, code: str, name: str) -> int:
    """Statements one after the other: console.log, console.error and process.exit."""
    rest = re.sub(r"//[^\n]*|/\*.*?\*/", "", code, flags=re.DOTALL).strip()
    while rest:
        match = STATEMENT.match(rest)
        end = _closing(rest, match.end()) if match else -1
        if match is None or end < 0:
            await proc.err(f"{name}: {NOT_SIMULATED}: {rest.splitlines()[0][:60]}\n")
            return 1
        inner = rest[match.end() : end]
        rest = rest[end + 1 :].lstrip("; \t\r\n")
        try:
            values = [_value(proc, part) for part in _parts(inner)]
        except NotSimulated:
            await proc.err(f"{name}: {NOT_SIMULATED}: {inner[:60]}\n")
            return 1
        if match[2]:
            return int(values[0]) if values else 0
        line = " ".join(values) + "\n"
        await (proc.out(line) if match[1] == "log" else proc.err(line))
    return 0


def _closing(text: str, at: int) -> int:
    """Where the parenthesis that was opened before `at` is closed."""
    depth, quote = 1, ""
    for index in range(at, len(text)):
        char = text[index]
        if quote:
            quote = "" if char == quote and text[index - 1] != "\\" else quote
        elif char in "'\"`":
            quote = char
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
            if not depth:
                return index
    return -1


def _parts(text: str) -> list[str]:
    """Arguments, split at commas outside of quotes and brackets."""
    return [
        part.strip()
        for part in re.findall(
            r"(?:'(?:\\.|[^'])*'|\"(?:\\.|[^\"])*\"|`[^`]*`|\{[^}]*\}|\[[^\]]*\]|[^,'\"`])+", text
        )
        if part.strip()
    ]


def _value(proc: Process, text: str) -> str:
    if match := re.fullmatch(r"'((?:\\.|[^'])*)'|\"((?:\\.|[^\"])*)\"|`([^`$]*)`", text):
        return next(group for group in match.groups() if group is not None).replace("\\n", "\n")
    if text in ("process.version", "process.versions.node"):
        return ("v" if text == "process.version" else "") + version(proc)
    if text in ("process.pid", "process.platform", "process.arch"):
        return {"process.pid": str(proc.pid), "process.platform": "linux", "process.arch": "x64"}[
            text
        ]
    if match := re.fullmatch(r"process\.env\.(\w+)", text):
        return proc.env.get(match[1], "undefined")
    if match := re.fullmatch(r"(\d+)\s*([-+*])\s*(\d+)", text):
        left, right = int(match[1][:15]), int(match[3][:15])
        return str({"+": left + right, "-": left - right, "*": left * right}[match[2]])
    if match := re.fullmatch(r"JSON\.stringify\((.*)\)", text):
        return json.dumps(_json(match[1]), separators=(",", ":"))
    if text in ("true", "false", "null", "undefined") or re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    raise NotSimulated(text)


def _json(text: str) -> object:
    try:
        return json.loads(re.sub(r"([{,]\s*)(\w+)\s*:", r'\1"\2":', text).replace("'", '"'))
    except ValueError:
        raise NotSimulated(text) from None


async def npm(proc: Process) -> int:
    """npm, npx, yarn and corepack: their versions; installing and running packages is not simulated."""
    name = os.path.basename(proc.argv[0])
    if {"-v", "--version"} & set(proc.argv[1:2]):
        await proc.out(f"{NPM_VERSIONS.get(name, NPM_VERSIONS['npm'])}\n")
        return 0
    await proc.err(f"{name}: packages are not simulated by mockerd\n")
    return 1
