"""Other users' identities: gosu, su-exec, setpriv, runuser, setuidgid, chpst, sudo-less ways down from root."""

import os

from daemon.fs.nodes import Credentials
from daemon.process.process import Process
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import Failure, UsageError, is_gnu, missing_operand, reason, tool
from daemon.programs.tools.options import Options


def identity(proc: Process, text: str) -> tuple[Credentials, str]:
    """`user[:group]` by name or number as credentials, and the home folder; LookupError for an unknown name."""
    names = Names(proc)
    user, _, group = text.partition(":")
    uid = names.uid(user)
    if uid is None:
        raise LookupError(f"unable to find user {user}: no matching entries in passwd file")
    account = next((row for row in names.users if row.uid == uid), None)
    if group:
        gid = names.gid(group)
        if gid is None:
            raise LookupError(f"unable to find group {group}: no matching entries in group file")
        return Credentials(uid, gid, (gid,)), account.home if account else "/"
    gid = account.gid if account else 0
    groups = tuple(names.groups_of(account)) if account else (gid,)
    return Credentials(uid, gid, groups), account.home if account else "/"


async def become(
    proc: Process, cred: Credentials, words: list[str], home: str | None, name: str
) -> int:
    """Change identity and run the rest; only root may."""
    if proc.cred.uid and proc.cred.uid != cred.uid:
        raise Failure("operation not permitted")
    proc.cred = cred
    environment = dict(proc.env)
    if home is not None:
        environment["HOME"] = home
    try:
        await proc.exec(words, env=environment)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = "executable file not found in $PATH" if missing else reason(error).lower()
        shown = f'exec: "{words[0]}": {why}' if name == "error" else f"{words[0]}: {reason(error)}"
        await proc.err(f"{name}: {shown}\n")
        return 127 if isinstance(error, FileNotFoundError) else 126


async def gosu(proc: Process) -> int:
    """`gosu user[:group] command`: as tianon's, whose complaints begin with "error:"."""
    words = proc.argv[1:]
    if words[:1] in (["--version"], ["-v"]):
        await proc.out("1.17 (go1.18.2 on linux/amd64; gc)\n")
        return 0
    if len(words) < 2 or words[0] in ("--help", "-h"):
        await proc.err("Usage: gosu user-spec command [args]\n   eg: gosu tianon bash\n")
        return 1
    try:
        cred, home = identity(proc, words[0])
    except LookupError as error:
        await proc.err(f'error: failed switching to "{words[0]}": {error.args[0]}\n')
        return 1
    if proc.cred.uid and proc.cred.uid != cred.uid:
        await proc.err(f'error: failed switching to "{words[0]}": operation not permitted\n')
        return 1
    return await become(proc, cred, words[1:], home, "error")


async def su_exec(proc: Process) -> int:
    words = proc.argv[1:]
    if len(words) < 2:
        await proc.out(f"Usage: {proc.argv[0]} user-spec command [args]\n")
        return 0
    try:
        cred, home = identity(proc, words[0])
    except LookupError:
        await proc.err(
            f"su-exec: getpwnam({words[0].partition(':')[0]}): No such file or directory\n"
        )
        return 1
    if proc.cred.uid and proc.cred.uid != cred.uid:
        await proc.err("su-exec: setgroups(0): Operation not permitted\n")
        return 1
    return await become(proc, cred, words[1:], home, "su-exec")


@tool(
    "[OPTIONS] PROG ARGS",
    "d",
    about="Run PROG with different privilege settings",
    long="reuid:=reuid regid:=regid ruid:=reuid rgid:=regid clear-groups=clear keep-groups=keep init-groups=init "
    "groups:=groups nnp=nnp no-new-privs=nnp dump=d inh-caps:=caps bounding-set:=caps ambient-caps:=caps "
    "reset-env=reset securebits:=bits pdeathsig:=death",
    busybox_long="nnp=nnp no-new-privs=nnp dump=d inh-caps:=caps ambient-caps:=caps reuid:=reuid regid:=regid "
    "clear-groups=clear init-groups=init",
    stop_at_operand=True,
    package="util-linux 2.38.1)",
)
async def setpriv(proc: Process, options: Options) -> int:
    names = Names(proc)
    if "d" in options:
        await proc.out(
            f"uid: {proc.cred.uid}\neuid: {proc.cred.uid}\ngid: {proc.cred.gid}\negid: {proc.cred.gid}\n"
        )
        return 0
    if not options.args:
        raise UsageError("No program specified" if is_gnu(proc) else "")
    uid = names.uid(options.value("reuid", str(proc.cred.uid)))
    gid = names.gid(options.value("regid", str(proc.cred.gid)))
    if uid is None or gid is None:
        bad = options.value("reuid" if uid is None else "regid")
        raise Failure(f"failed to parse re{'u' if uid is None else 'g'}id: {bad}")
    account = next((row for row in names.users if row.uid == uid), None)
    groups = proc.cred.groups
    if "clear" in options:
        groups = ()
    elif "init" in options and account:
        groups = tuple(names.groups_of(account))
    elif "groups" in options:
        groups = tuple(names.gid(word) or 0 for word in options.value("groups").split(","))
    return await become(proc, Credentials(uid, gid, groups), options.args, None, "setpriv")


@tool(
    "[-u USER] COMMAND",
    "u:g:lc:s:mp",
    about="Run a command as another user",
    long="user:=u group:=g login=l command:=c shell:=s",
    stop_at_operand=True,
    package="util-linux 2.38.1)",
)
async def runuser(proc: Process, options: Options) -> int:
    words = list(options.args)
    if words[:1] == ["-"]:
        words.pop(0)
    name = options.value("u") or (words.pop(0) if words else "root")
    if words[:1] == ["-c"] and len(words) > 1:
        words = ["/bin/sh", "-c", *words[1:]]
    if "c" in options:
        words = ["/bin/sh", "-c", options.value("c"), *words]
    if words[:1] == ["--"]:
        words.pop(0)
    try:
        cred, home = identity(proc, name)
    except LookupError as error:
        raise Failure(
            f"user {name} does not exist or the user entry does not contain all the required fields"
        ) from error
    return await become(proc, cred, words or ["/bin/sh"], home, "runuser")


@tool(
    "USER PROG ARGS",
    "",
    about="Set uid and gid to USER's uid and gid, drop supplementary group ids, run PROG",
    stop_at_operand=True,
)
async def setuidgid(proc: Process, options: Options) -> int:
    if len(options.args) < 2:
        raise missing_operand(proc)
    try:
        cred, _ = identity(proc, options.args[0])
    except LookupError as error:
        raise Failure(f"unknown user {options.args[0]}", 111) from error
    return await become(proc, Credentials(cred.uid, cred.gid), options.args[1:], None, "setuidgid")


@tool(
    "[-u USER[:GRP]] [-e DIR] [-/ DIR] [-n NICE] PROG ARGS",
    "u:U:e:n:m:d:o:p:f:c:vP012",
    about="Change the process state and run PROG",
    stop_at_operand=True,
)
async def chpst(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    cred, home = proc.cred, None
    if "u" in options:
        try:
            cred, home = identity(proc, options.value("u"))
        except LookupError as error:
            raise Failure(f"unknown user/group {options.value('u')}") from error
    return await become(proc, cred, options.args, home, os.path.basename(proc.argv[0]))
