"""Names of files: pwd, readlink, realpath, basename, dirname."""

import os
from collections.abc import Callable

from daemon.process.process import Process
from daemon.programs.tools.kit import (
    Failure,
    complain,
    either,
    extra_operand,
    is_gnu,
    is_musl,
    missing_operand,
    reason,
    tool,
)
from daemon.programs.tools.options import Options


def make_folders(proc: Process, path: str, mode: int = 0o777) -> None:
    """Make `path` and what is missing above it; folders that are there stay as they are."""
    missing = []
    while path and path not in ("/", "."):
        try:
            proc.stat(path)
        except FileNotFoundError:
            missing.append(path)
            path = dirname_of(path)
        else:
            break
    for folder in reversed(missing):
        proc.mkdir(folder, mode)


@tool("[-LP]", "LP", about="Print the current directory", long="logical=L physical=P")
async def pwd(proc: Process, options: Options) -> int:
    logical = options.last_of("LP") == "L"
    shown = proc.env.get("PWD", "") if logical else ""
    if not shown.startswith("/"):
        shown = proc.cwd
    await proc.out(shown + "\n")
    return 0


@tool("NAME [SUFFIX] | -a NAME... | -s SUFFIX NAME...", "as:z", long="multiple=a suffix:=s zero=z")
async def basename(proc: Process, options: Options) -> int:
    names = list(options.args)
    suffix = options.value("s")
    if not names:
        raise missing_operand(proc)
    if "a" not in options and "s" not in options:
        if len(names) > 2:
            raise extra_operand(proc, names[2])
        suffix = names.pop() if len(names) == 2 else ""
    end = "\0" if "z" in options else "\n"
    for name in names:
        base = os.path.basename(name.rstrip("/")) or ("/" if name else "")
        if suffix and base != suffix:
            base = base.removesuffix(suffix)
        await proc.out(base + end)
    return 0


def dirname_of(path: str) -> str:
    """As dirname(1): trailing slashes do not count, no slash is the current folder."""
    stripped = path.rstrip("/")
    if not stripped:
        return "/" if path else "."
    head, slash, _ = stripped.rpartition("/")
    return (head.rstrip("/") or "/") if slash else "."


@tool("NAME...", "z", long="zero=z")
async def dirname(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    end = "\0" if "z" in options else "\n"
    await proc.out("".join(dirname_of(path) + end for path in options.args))
    return 0


def canonical(proc: Process, path: str, *, must_exist: str) -> str:
    """The path without links; `must_exist` is "all", "parent" or "none"."""
    full = os.path.join(proc.cwd, path)
    try:
        return proc.realpath(full)
    except OSError:
        if must_exist == "all" or not path:
            raise
    base = os.path.basename(full.rstrip("/"))
    folder = dirname_of(full)
    if must_exist == "parent":
        return os.path.join(proc.realpath(folder), base)
    parent = canonical(proc, folder, must_exist="none")
    return os.path.normpath(os.path.join(parent, base))


@tool(
    "[-fnv] FILE",
    "fnv",
    about="Display the value of a symlink",
    gnu="emqsz",
    long="canonicalize=f canonicalize-existing=e canonicalize-missing=m no-newline=n quiet=q silent=s "
    "verbose=v zero=z",
)
async def readlink(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    rule = {"f": "parent", "e": "all", "m": "none"}.get(options.last_of("fem"), "")
    bare = "n" in options and len(options.args) == 1
    end = "" if bare else "\0" if "z" in options else "\n"
    code = 0
    for path in options.args:
        try:
            found = canonical(proc, path, must_exist=rule) if rule else proc.readlink(path)
            await proc.out(found + end)
        except OSError as error:
            code = 1
            if "v" in options:
                await complain(proc, f"{path}: {reason(error)}")
    return code


@tool(
    "FILE...",
    "",
    about="Print absolute pathnames of FILEs",
    gnu="eEmLPqsz",
    long="canonicalize-existing=e canonicalize-missing=m no-symlinks=s strip=s quiet=q zero=z "
    "relative-to:=relative-to logical=L physical=P",
)
async def realpath(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    end = "\0" if "z" in options else "\n"
    resolve = _resolver(proc, options)
    code = 0
    for path in options.args:
        try:
            await proc.out(resolve(path) + end)
        except OSError as error:
            code = 1
            if "q" not in options:
                await complain(proc, f"{path}: {reason(error)}")
    return code


def _resolver(proc: Process, options: Options) -> Callable[[str], str]:
    usual = "parent" if is_gnu(proc) or is_musl(proc) else "all"
    rule = {"e": "all", "m": "none"}.get(options.last_of("em"), usual)
    start = options.value("relative-to")

    def resolve(path: str) -> str:
        if "s" in options:
            found = os.path.normpath(os.path.join(proc.cwd, path))
        else:
            found = canonical(proc, path, must_exist=rule)
        return os.path.relpath(found, canonical(proc, start, must_exist=rule)) if start else found

    return resolve


@tool("NAME...", "p", about="Check file names", gnu="P")
async def pathchk(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    for path in options.args:
        if any(len(part) > 255 for part in path.split("/")):
            raise Failure(f"limit 255 exceeded by length of file name {path}")
    return 0


@tool("FILE", "", about="Remove FILE by unlink(2)")
async def unlink(proc: Process, options: Options) -> int:
    if len(options.args) != 1:
        raise missing_operand(proc)
    path = options.args[0]
    try:
        proc.unlink(path)
    except OSError as error:
        quote = either(proc, f"cannot unlink '{path}'", f"can't remove file '{path}'")
        raise Failure(f"{quote}: {reason(error)}") from error
    return 0


@tool("FILE LINK", "", about="Make a hard link by link(2)")
async def link(proc: Process, options: Options) -> int:
    if len(options.args) != 2:
        raise missing_operand(proc)
    old, new = options.args
    try:
        proc.link(old, new)
    except OSError as error:
        text = (
            f"cannot create link '{new}' to '{old}'"
            if is_gnu(proc)
            else f"can't create link '{new}' to '{old}'"
        )
        raise Failure(f"{text}: {reason(error)}") from error
    return 0
