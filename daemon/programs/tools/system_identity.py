"""Who and where: id, whoami, groups, logname, hostname, uname, arch, tty, env, printenv, getent's cousins."""

import os

from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import (
    Failure,
    complain,
    either,
    extra_operand,
    is_gnu,
    name_of,
    reason,
    tool,
)
from daemon.programs.tools.options import Options


@tool(
    "[-ugGnr] [USER]",
    "ugGnr",
    about="Print information about USER or the current user",
    gnu="azZ",
    long="user=u group=g groups=G name=n real=r zero=z context=Z",
)
async def id_(proc: Process, options: Options) -> int:
    names = Names(proc)
    if len(options.args) > 1:
        raise extra_operand(proc, options.args[1])
    uid, gid, groups = _identity(proc, names, options)
    which = options.last_of("ugG")
    named = "n" in options
    if not which:
        if named or "r" in options:
            raise Failure("cannot print only names or real IDs in default format")
        await proc.out(_full_identity(names, uid, gid, groups))
        return 0
    if which == "u":
        text = names.user(uid) if named else str(uid)
    elif which == "g":
        text = names.group(gid) if named else str(gid)
    else:
        text = " ".join(names.group(g) if named else str(g) for g in groups)
    await proc.out(text + "\n")
    return 0


def _identity(proc: Process, names: Names, options: Options) -> tuple[int, int, list[int]]:
    if not options.args:
        cred = proc.cred
        return cred.uid, cred.gid, [cred.gid, *(g for g in cred.groups if g != cred.gid)]
    text = options.args[0]
    user = names.find_user(text)
    if user is None and is_gnu(proc) and text.isdigit():
        user = next((row for row in names.users if row.uid == int(text)), None)
    if user is None:
        raise Failure(either(proc, f"'{text}': no such user", f"unknown user {text}"))
    return user.uid, user.gid, names.groups_of(user)


def _full_identity(names: Names, uid: int, gid: int, groups: list[int]) -> str:
    def user(number: int) -> str:
        return f"{number}({names.user(number)})" if names.knows_user(number) else str(number)

    def group(number: int) -> str:
        return f"{number}({names.group(number)})" if names.knows_group(number) else str(number)

    listed = ",".join(group(number) for number in groups)
    return f"uid={user(uid)} gid={group(gid)} groups={listed}\n"


@tool("", "", about="Print the user name associated with the current effective user id")
async def whoami(proc: Process, options: Options) -> int:
    if options.args:
        raise extra_operand(proc, options.args[0])
    names = Names(proc)
    if not names.knows_user(proc.cred.uid):
        text = f"cannot find name for user ID {proc.cred.uid}"
        raise Failure(either(proc, text, f"unknown uid {proc.cred.uid}"))
    await proc.out(names.user(proc.cred.uid) + "\n")
    return 0


@tool("[USER]...", "", about="Print the groups USER is in")
async def groups(proc: Process, options: Options) -> int:
    names = Names(proc)
    if not options.args:
        cred = proc.cred
        numbers = [cred.gid, *(g for g in cred.groups if g != cred.gid)]
        await proc.out(" ".join(names.group(g) for g in numbers) + "\n")
        return 0
    code = 0
    for text in options.args:
        user = names.find_user(text)
        if user is None:
            code = 1
            await complain(proc, either(proc, f"'{text}': no such user", f"unknown user {text}"))
            continue
        listed = " ".join(names.group(g) for g in names.groups_of(user))
        await proc.out(f"{text} : {listed}\n" if is_gnu(proc) else f"{listed}\n")
    return code


@tool("", "", about="Print the name of the current user")
async def logname(proc: Process, options: Options) -> int:
    if not proc.isatty(0):
        raise Failure(either(proc, "no login name", "getlogin: No such device or address"))
    await proc.out(Names(proc).user(proc.cred.uid) + "\n")
    return 0


@tool(
    "[-sidf] [HOSTNAME | -F FILE]",
    "sidfF:",
    about="Show or set hostname or DNS domain name",
    gnu="aAIbyv",
    long="short=s ip-address=i all-ip-addresses=I domain=d fqdn=f long=f file:=F",
    package="hostname 3.23)",
)
async def hostname(proc: Process, options: Options) -> int:
    name = proc.machine.hostname
    if options.args:
        raise Failure(
            either(
                proc,
                "you must be root to change the host name",
                "sethostname: Operation not permitted",
            )
        )
    if "s" in options:
        name = name.partition(".")[0]
    elif "i" in options or "I" in options:
        name = " ".join(_addresses(proc)) + (" " if "I" in options else "")
    elif "d" in options:
        name = name.partition(".")[2] or proc.machine.domainname
        if not name:
            return 0
    elif "f" in options and proc.machine.domainname:
        name = f"{name}.{proc.machine.domainname}"
    await proc.out(name + "\n")
    return 0


def _addresses(proc: Process) -> list[str]:
    """The container's own addresses, as Docker wrote them into /etc/hosts."""
    try:
        text = proc.machine.fs.read_bytes("/etc/hosts").decode(errors="replace")
    except OSError:
        return []
    rows = [line.split() for line in text.splitlines()]
    return [row[0] for row in rows if proc.machine.hostname in row[1:]]


_UNAME_LONG = (
    "all=a kernel-name=s nodename=n kernel-release=r kernel-version=v machine=m processor=p "
    "hardware-platform=i operating-system=o"
)


@tool("[-amnrspvio]", "amnrspvio", about="Print system information", long=_UNAME_LONG)
async def uname(proc: Process, options: Options) -> int:
    if options.args:
        raise extra_operand(proc, options.args[0])
    values = {
        "s": "Linux",
        "n": proc.machine.hostname,
        "r": proc.machine.host.kernel_version,
        "v": proc.machine.host.kernel_build,
        "m": proc.machine.host.machine,
        "p": "unknown",
        "i": "unknown",
        "o": "GNU/Linux" if is_gnu(proc) or not _is_alpine(proc) else "Linux",
    }
    wanted = [key for key in values if key in options]
    if "a" in options:
        wanted = list("snrvmo")
    await proc.out(" ".join(values[key] for key in wanted or ["s"]) + "\n")
    return 0


def _is_alpine(proc: Process) -> bool:
    return proc.machine.fs.exists("/etc/alpine-release")


@tool("", "", about="Print system architecture")
async def arch(proc: Process, options: Options) -> int:
    await proc.out(f"{proc.machine.host.machine}\n")
    return 0


@tool(
    "",
    "s",
    about="Print the file name of the terminal on stdin",
    long="silent=s quiet=s",
    trouble=(2, 1),
)
async def tty(proc: Process, options: Options) -> int:
    on_terminal = proc.isatty(0)
    if "s" not in options:
        terminal = proc.description(0).terminal if on_terminal else None
        await proc.out(f"{terminal.name if terminal else 'not a tty'}\n")
    return 0 if on_terminal else 1


@tool(
    "[-i0] [-u NAME]... [-] [NAME=VALUE]... [PROG ARGS]",
    "iu:0",
    about="Print the current environment or run PROG after setting up the specified environment",
    gnu="C:S:v",
    long="ignore-environment=i null=0 unset:=u chdir:=C split-string:=S debug=v",
    busybox_long="ignore-environment=i null=0 unset:=u",
    stop_at_operand=True,
    trouble=(125, 1),
)
async def env(proc: Process, options: Options) -> int:
    words = [*options.value("S").split(), *options.args] if "S" in options else list(options.args)
    clean = "i" in options or words[:1] == ["-"]
    if words[:1] == ["-"]:
        words.pop(0)
    environment = {} if clean else dict(proc.env)
    for name in options.values("u"):
        environment.pop(name, None)
    while words and "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if not words:
        end = "\0" if "0" in options else "\n"
        await proc.out("".join(f"{name}={value}{end}" for name, value in environment.items()))
        return 0
    if "C" in options:
        proc.chdir(options.value("C"))
    return await run_instead(proc, words, environment)


async def run_instead(
    proc: Process, words: list[str], environment: dict[str, str] | None = None
) -> int:
    """exec; 127 if there is no such program, 126 if it cannot be run, with the wrapper's complaint."""
    if environment is not None:
        proc.env = environment
    name = name_of(proc)
    try:
        await proc.exec(words, env=environment)
    except OSError as error:
        quote = (
            f"'{words[0]}'"
            if os.path.basename(name) == "env" or not is_gnu(proc)
            else f"failed to run command '{words[0]}'"
        )
        text = quote if is_gnu(proc) else f"can't execute {quote}"
        await proc.err(f"{name}: {text}: {reason(error)}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126


@tool("[VARIABLE]...", "0", about="Print environment VARIABLEs", long="null=0", trouble=(2, 1))
async def printenv(proc: Process, options: Options) -> int:
    end = "\0" if "0" in options else "\n"
    if not options.args:
        await proc.out("".join(f"{name}={value}{end}" for name, value in proc.env.items()))
        return 0
    missing = 0
    for name in options.args:
        if name in proc.env:
            await proc.out(proc.env[name] + end)
        else:
            missing = 1
    return missing
