"""From an argv to the simulated program that runs it: PATH, permissions, `#!` lines and marked binaries."""

import errno
import os
import stat as stat_bits
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from api_schema.simulated_binary import HEAD_LIMIT, program_of
from daemon.process.status import ExecError, Program, os_error
from daemon.process.unsimulated import stand_in

if TYPE_CHECKING:
    from daemon.process.process import Process

INTERPRETER_DEPTH: Final = 4
INTERPRETER_LINE: Final = 256
ELF: Final = b"\x7fELF"
DEFAULT_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INIT_PROGRAM: Final = "docker/init"
"""The program string of the `--init` shim, whose child is the container's main program."""
MOUNT_HINT: Final = (
    "Are you trying to mount a directory onto a file (or vice-versa)? "
    "Check if the specified host path exists and is the expected type"
)


@dataclass(slots=True, frozen=True)
class Executable:
    """What execve(2) will run: the file asked for, the one that is loaded (an interpreter, perhaps), and its program."""

    path: str
    exe: str
    argv: list[str]
    program: str
    main: Program


def resolve(
    process: "Process",
    argv: list[str],
    *,
    path: str | None = None,
    cwd: str | None = None,
    main: bool = False,
) -> Executable:
    """Find and load what `argv` names; OSError if that is impossible. `main`: the container's main process will be it."""
    if not argv:
        raise os_error(errno.EINVAL)
    file = path or argv[0]
    if "/" not in file:
        file = find_in_path(process, file)
    if cwd is not None:
        file = os.path.join(cwd, file)
    check_executable(process, file)
    try:
        return load(process, file, argv, main=main)
    except ExecError as error:
        raise os_error(error.errno, file) from error


def find_in_path(process: "Process", name: str) -> str:
    """The first executable file of that name in PATH; EACCES if there were only others, as execvp(3) says."""
    error = errno.ENOENT
    for folder in process.env.get("PATH", DEFAULT_PATH).split(":"):
        file = os.path.join(folder or ".", name)
        try:
            check_executable(process, file)
        except PermissionError:
            error = errno.EACCES
        except OSError:
            continue
        else:
            return file
    raise os_error(error if name else errno.ENOENT, name)


def check_executable(process: "Process", file: str) -> None:
    """OSError unless `file` is a regular file that the process may execute."""
    mode = process.stat(file).mode
    if not stat_bits.S_ISREG(mode) or not mode & 0o111 or not process.access(file, os.X_OK):
        raise os_error(errno.EACCES, file)


def load(process: "Process", file: str, argv: list[str], *, main: bool) -> Executable:
    """Follow `#!` lines to a binary and choose the program for it. What is scripted runs whatever the file holds."""
    if (scripted := process.machine.scripted(file, argv, main)) is not None:
        return Executable(file, file, argv, f"scripted/{os.path.basename(file)}", scripted)
    interpreter, arguments = file, argv
    for _ in range(INTERPRETER_DEPTH + 1):
        head, where = _head(process, interpreter)
        if not head.startswith(b"#!"):
            name, program = _program(process, where, arguments, head, main)
            return Executable(file, where, arguments, name, program)
        words = _interpreter_words(head, interpreter)
        arguments = [*words, interpreter, *arguments[1:]]
        interpreter = words[0]
        check_executable(process, interpreter)
    raise os_error(errno.ELOOP, file)


def _head(process: "Process", file: str) -> tuple[bytes, str]:
    """A file's first bytes and its real path. The kernel reads what the user may execute but not read."""
    opened = process.fs.open(file, os.O_RDONLY, cwd=process.cwd)
    try:
        return opened.pread(HEAD_LIMIT, 0), opened.path
    finally:
        opened.close()


def _interpreter_words(head: bytes, file: str) -> list[str]:
    line = head[2:INTERPRETER_LINE].split(b"\n", 1)[0].strip(b" \t")
    if not line:
        raise os_error(errno.ENOEXEC, file)
    return [os.fsdecode(word) for word in line.split(None, 1)]


def _program(
    process: "Process", where: str, argv: list[str], head: bytes, main: bool
) -> tuple[str, Program]:
    """The program string and the program for a binary; a stand-in for one that we do not simulate."""
    machine = process.machine
    if not head.startswith(ELF):
        raise os_error(errno.ENOEXEC, where)
    marked = program_of(head)
    names = _names_for_real_binary(process, where) if marked is None else [marked]
    for name in names:
        if (program := machine.programs.lookup(name)) is not None:
            return name, program
    machine.on_unsimulated(where)
    return "unsimulated/stand-in", stand_in(machine, argv, main=main)


def _names_for_real_binary(process: "Process", where: str) -> list[str]:
    """A real ELF file (a loaded image) runs what we have under its name, in the flavour the image speaks."""
    base = os.path.basename(where)
    if process.fs.exists("/bin/busybox"):
        return [f"busybox/{base}", base]
    return [f"gnu/{base}", f"shell/{base}", base]


def resolve_first(process: "Process", argv: list[str]) -> Executable:
    """The same for the first process of a container or exec: an ExecError in runc's words if it cannot start.

    What only the kernel notices (a missing interpreter, an unknown format) is a process that says so and exits
    255, because runc's init has let go of its error pipe by then.
    """
    check_cwd(process)
    name = argv[0] if argv else ""
    file = name
    try:
        if "/" not in name:
            file = find_in_path(process, name)
        else:
            _check_named(process, name)
    except OSError as error:
        raise exec_error(name, error) from error
    try:
        return load(process, file, argv, main=process.is_main)
    except OSError as error:
        return Executable(file, file, argv, "runc/init", _failed_exec(file, error))


def _check_named(process: "Process", file: str) -> None:
    if process.fs.isdir(process.realpath(file)):
        raise IsADirectoryError(errno.EISDIR, "is a directory: permission denied")
    check_executable(process, file)


def exec_error(name: str, error: OSError) -> ExecError:
    """runc's words for a file that cannot be executed."""
    number = error.errno or errno.ENOENT
    quoted = f'exec: "{name}": '
    if "/" not in name:
        return ExecError(f"{quoted}executable file not found in $PATH", errno.ENOENT, 127)
    if number == errno.EISDIR:
        return ExecError(f"{quoted}{error.strerror}", errno.EACCES, 126)
    if number == errno.EACCES:
        return ExecError(f"{quoted}permission denied", number, 126)
    hint = f": {MOUNT_HINT}" if number == errno.ENOTDIR else ""
    return ExecError(f"{quoted}stat {name}: {go_text(number)}{hint}", number, 127)


def check_cwd(process: "Process") -> None:
    """Enter the working directory, or fail as runc does."""
    if process.cwd == "/":
        return
    try:
        process.chdir(process.cwd)
    except OSError as error:
        number = error.errno or errno.ENOENT
        hint = f": {MOUNT_HINT}" if number == errno.ENOTDIR else ""
        text = f'chdir to cwd ("{process.cwd}") set in config.json failed: {go_text(number)}{hint}'
        raise ExecError(text, number, 126 if number == errno.EACCES else 127) from error


def go_text(number: int) -> str:
    """An errno as Go prints it."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


def _failed_exec(file: str, error: OSError) -> Program:
    async def main(process: "Process") -> int:
        await process.err(f"exec {file}: {go_text(error.errno or errno.ENOEXEC)}\n")
        return 255

    return main
