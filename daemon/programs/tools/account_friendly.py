"""adduser, addgroup, deluser and delgroup: busybox's, and Debian's that tell what they do."""

from daemon.process.process import Process
from daemon.programs.tools.account_files import AccountFiles, make_home
from daemon.programs.tools.account_passwords import ask_password
from daemon.programs.tools.account_tools import only_root, remove_group, remove_user
from daemon.programs.tools.accounts import User
from daemon.programs.tools.kit import Failure, is_gnu, missing_operand, tool
from daemon.programs.tools.options import Options


async def adduser(proc: Process) -> int:
    return await (_debian_adduser(proc) if is_gnu(proc) else _busybox_adduser(proc))


@tool("[OPTIONS] USER [GROUP]", "h:g:s:G:SDHu:k:", about="Create new user, or add USER to GROUP")
async def _busybox_adduser(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    only_root(proc, "adduser")
    name = options.args[0]
    files = AccountFiles(proc)
    if len(options.args) > 1:
        return await _join(proc, files, name, options.args[1])
    if files.user(name):
        raise Failure(f"user '{name}' in use")
    system = "S" in options
    uid = options.number("u") if "u" in options else files.free_uid(system=system)
    gid = _busybox_group(files, options, name, uid, system)
    gecos = options.value("g", "Linux User,,,")
    shell = options.value("s") or ("/sbin/nologin" if system else "/bin/sh")
    user = User(name, "x", uid, gid, gecos, options.value("h") or f"/home/{name}", shell)
    files.add_user(user)
    await files.save()
    if "H" not in options:
        await make_home(proc, user, 0o2755)
    if "D" not in options and not system:
        await ask_password(proc, files, name)
    return 0


def _busybox_group(files: AccountFiles, options: Options, name: str, uid: int, system: bool) -> int:
    if "G" in options:
        group = files.group(options.value("G"))
        if group is None:
            raise Failure(f"unknown group {options.value('G')}")
        return group.gid
    if system:
        nogroup = files.group("nogroup")
        return nogroup.gid if nogroup else 65534
    if files.group(name):
        raise Failure(f"group name '{name}' is in use")
    gid = files.free_gid(system=system, near=uid)
    files.add_group(name, gid)
    return gid


async def _join(proc: Process, files: AccountFiles, name: str, group: str) -> int:
    if files.user(name) is None:
        raise Failure(
            f"The user `{name}' does not exist." if is_gnu(proc) else f"unknown user {name}"
        )
    if files.group(group) is None:
        raise Failure(
            f"The group `{group}' does not exist." if is_gnu(proc) else f"unknown group {group}"
        )
    files.join(name, group)
    await files.save()
    return 0


@tool(
    "[OPTIONS] USER [GROUP]",
    "qh",
    about="Add a user to the system",
    long="system group no-create-home disabled-password disabled-login gecos:=gecos comment:=gecos uid:=uid gid:=gid ingroup:=ingroup home:=home shell:=shell quiet=q force-badname allow-bad-names debug conf:=conf firstuid:=f lastuid:=l",
    package="adduser 3.134)",
)
async def _debian_adduser(proc: Process, options: Options) -> int:
    if not options.args:
        raise Failure("No name given.")
    if proc.cred.uid:
        raise Failure("Only root may add a user or group to the system.")
    name = options.args[0]
    files = AccountFiles(proc)
    if len(options.args) > 1:
        await proc.out(f"Adding user `{name}' to group `{options.args[1]}' ...\nDone.\n")
        return await _join(proc, files, name, options.args[1])
    system = "system" in options
    if "group" in options and not system:
        return await _debian_group(proc, files, name, options)
    if files.user(name):
        if system:
            await proc.out(f"The system user `{name}' already exists. Exiting.\n")
            return 0
        raise Failure(f"The user `{name}' already exists.")
    user = await _debian_user(proc, files, name, options, system)
    await files.save()
    if "no-create-home" in options or user.home == "/nonexistent":
        await _tell(
            proc,
            options,
            f"Not creating home directory `{user.home}'.\n" if "no-create-home" in options else "",
        )
    else:
        await _tell(proc, options, f"Creating home directory `{user.home}' ...\n")
        await make_home(proc, user, 0o755 if system else 0o700)
    return 0


async def _tell(proc: Process, options: Options, text: str) -> None:
    if text and "q" not in options:
        await proc.out(text)


async def _debian_user(
    proc: Process, files: AccountFiles, name: str, options: Options, system: bool
) -> User:
    kind = "system user" if system else "user"
    uid = options.number("uid") if "uid" in options else files.free_uid(system=system)
    await _tell(
        proc,
        options,
        f"Adding {kind} `{name}' (UID {uid}) ...\n" if system else f"Adding user `{name}' ...\n",
    )
    wanted = options.value("ingroup") or options.value("gid")
    if wanted:
        group = files.group(wanted)
        if group is None:
            raise Failure(f"The group `{wanted}' does not exist.")
        gid = group.gid
    elif system and "group" not in options:
        gid = 65534
    else:
        gid = files.free_gid(system=system, near=uid)
        await _tell(
            proc,
            options,
            f"Adding new group `{name}' (GID {gid}) ...\n"
            if system
            else f"Adding new group `{name}' ({gid}) ...\n",
        )
        files.add_group(name, gid)
    await _tell(
        proc,
        options,
        f"Adding new user `{name}' (UID {uid}) with group `{next((g.name for g in files.groups if g.gid == gid), 'nogroup')}' ...\n"
        if system
        else f"Adding new user `{name}' ({uid}) with group `{name} ({gid})' ...\n",
    )
    home = options.value("home") or ("/nonexistent" if system else f"/home/{name}")
    shell = options.value("shell") or ("/usr/sbin/nologin" if system else "/bin/bash")
    user = User(name, "x", uid, gid, options.value("gecos", "" if system else ",,,"), home, shell)
    files.add_user(user)
    return user


async def addgroup(proc: Process) -> int:
    return await (_debian_addgroup(proc) if is_gnu(proc) else _busybox_addgroup(proc))


@tool("[-g GID] [-S] [USER] GROUP", "g:S", about="Add a group or add a user to a group")
async def _busybox_addgroup(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    only_root(proc, "addgroup")
    files = AccountFiles(proc)
    if len(options.args) > 1:
        return await _join(proc, files, options.args[0], options.args[1])
    name = options.args[0]
    if any(row.name == name for row in files.groups):
        raise Failure(f"group '{name}' in use")
    gid = files.free_gid(system="S" in options)
    if "g" in options:
        gid = options.number("g")
        if any(row.gid == gid for row in files.groups):
            raise Failure(f"gid '{gid}' in use")
    files.add_group(name, gid)
    await files.save()
    return 0


@tool(
    "[OPTIONS] GROUP",
    "q",
    about="Add a group to the system",
    long="system gid:=gid quiet=q force-badname",
    package="adduser 3.134)",
)
async def _debian_addgroup(proc: Process, options: Options) -> int:
    if not options.args:
        raise Failure("No name given.")
    files = AccountFiles(proc)
    if len(options.args) > 1:
        return await _join(proc, files, options.args[0], options.args[1])
    return await _debian_group(proc, files, options.args[0], options)


async def _debian_group(proc: Process, files: AccountFiles, name: str, options: Options) -> int:
    system = "system" in options
    if any(row.name == name for row in files.groups):
        if system:
            await proc.out(
                f"addgroup: The group `{name}' already exists as a system group. Exiting.\n"
            )
            return 0
        raise Failure(f"The group `{name}' already exists.")
    gid = options.number("gid") if "gid" in options else files.free_gid(system=system)
    await _tell(proc, options, f"Adding group `{name}' (GID {gid}) ...\nDone.\n")
    files.add_group(name, gid)
    await files.save()
    return 0


@tool(
    "[--remove-home] USER [GROUP]",
    "q",
    about="Delete USER from the system, or from GROUP",
    long="remove-home=r system quiet=q group backup",
    busybox_long="remove-home=r",
)
async def deluser(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    only_root(proc, "deluser")
    name = options.args[0]
    if len(options.args) > 1:
        files = AccountFiles(proc)
        files.leave(name, options.args[1])
        await files.save()
        return 0
    text = f"The user `{name}' does not exist." if is_gnu(proc) else f"unknown user {name}"
    if is_gnu(proc):
        await proc.out(
            f"Removing user `{name}' ...\nDone.\n" if AccountFiles(proc).user(name) else ""
        )
    return await remove_user(proc, name, text, 2 if is_gnu(proc) else 1, "r" in options)


@tool(
    "[USER] GROUP",
    "q",
    about="Delete group GROUP from the system or user USER from group GROUP",
    long="system quiet=q only-if-empty",
)
async def delgroup(proc: Process, options: Options) -> int:
    if not options.args:
        raise missing_operand(proc)
    only_root(proc, "delgroup")
    if len(options.args) > 1:
        files = AccountFiles(proc)
        files.leave(options.args[0], options.args[1])
        await files.save()
        return 0
    name = options.args[0]
    text = f"The group `{name}' does not exist." if is_gnu(proc) else f"unknown group {name}"
    return await remove_group(proc, name, text, 3 if is_gnu(proc) else 1)
