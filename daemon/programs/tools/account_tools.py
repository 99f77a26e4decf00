"""Accounts made and removed: useradd, usermod, userdel, groupadd ..., as the shadow package has them."""

import re

from daemon.process.process import Process
from daemon.programs.tools.account_files import AccountFiles, make_home, remove_tree
from daemon.programs.tools.accounts import Group, User
from daemon.programs.tools.kit import Failure, UsageError, complain, is_gnu, tool
from daemon.programs.tools.options import Options

SHADOW_UTILS = "shadow 4.13)"


def only_root(proc: Process, name: str) -> None:
    if proc.cred.uid:
        text = f"Permission denied.\n{name}: cannot lock /etc/passwd; try again later."
        raise Failure(text if is_gnu(proc) else "permission denied (are you root?)")


def _valid(name: str) -> bool:
    return re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_.-]*\$?", name) is not None


_USERADD = (
    "comment:=c home-dir:=d create-home=m no-create-home=M shell:=s uid:=u gid:=g groups:=G system=r "
    "user-group=U no-user-group=N password:=p non-unique=o skel:=k base-dir:=b expiredate:=e inactive:=f key:=K no-log-init=l"
)


@tool(
    "[OPTIONS] LOGIN",
    "c:d:mMs:u:g:G:rUNp:ok:b:e:f:K:lD",
    about="Create a new user",
    long=_USERADD,
    trouble=(2, 2),
    package=SHADOW_UTILS,
)
async def useradd(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "useradd")
    name = options.args[0]
    files = AccountFiles(proc)
    if not _valid(name):
        raise Failure(f"invalid user name '{name}'", 3)
    if files.user(name):
        raise Failure(f"user '{name}' already exists", 9)
    uid = _wanted_uid(files, options)
    user = User(
        name,
        "x",
        uid,
        _primary_group(files, options, name, uid),
        options.value("c"),
        options.value("d") or f"/home/{name}",
        options.value("s", "/bin/sh"),
    )
    files.add_user(user)
    for group in filter(None, options.value("G").split(",")):
        if not files.group(group):
            raise Failure(f"group '{group}' does not exist", 6)
        files.join(name, group)
    await files.save()
    if "p" in options:
        await files.set_password(name, options.value("p"))
    if "m" in options and not await make_home(proc, user, 0o755):
        await complain(proc, f"warning: the home directory {user.home} already exists.")
        await complain(proc, "Not copying any file from skel directory into it.")
    return 0


def _wanted_uid(files: AccountFiles, options: Options) -> int:
    if "u" not in options:
        return files.free_uid(system="r" in options, from_top=True)
    text = options.value("u")
    if not text.isdigit():
        raise Failure(f"invalid user ID '{text}'", 3)
    if "o" not in options and any(user.uid == int(text) for user in files.users):
        raise Failure(f"UID {text} is not unique", 4)
    return int(text)


def _primary_group(files: AccountFiles, options: Options, name: str, uid: int) -> int:
    if "g" in options:
        group = files.group(options.value("g"))
        if group is None:
            raise Failure(f"group '{options.value('g')}' does not exist", 6)
        return group.gid
    if "N" in options:
        return 100
    if files.group(name):
        raise Failure(
            f"group {name} exists - if you want to add this user to that group, use -g.", 9
        )
    gid = files.free_gid(system="r" in options, from_top=True, near=uid)
    files.add_group(name, gid)
    return gid


@tool(
    "[OPTIONS] LOGIN",
    "c:d:s:u:g:G:aLUl:mp:oe:f:rZ:",
    about="Modify a user account",
    long="comment:=c home:=d shell:=s uid:=u gid:=g groups:=G append=a lock=L unlock=U login:=l move-home=m password:=p non-unique=o",
    trouble=(2, 2),
    package=SHADOW_UTILS,
)
async def usermod(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "usermod")
    name = options.args[0]
    files = AccountFiles(proc)
    user = files.user(name)
    if user is None:
        raise Failure(f"user '{name}' does not exist", 6)
    changed = _modified(files, user, options)
    files.users = [changed if row.name == name else row for row in files.users]
    if "G" in options:
        if "a" not in options:
            files.leave(name, "")
        for group in filter(None, options.value("G").split(",")):
            if not files.group(group):
                raise Failure(f"group '{group}' does not exist", 6)
            files.join(changed.name, group)
    await files.save()
    if "m" in options and proc.machine.fs.exists(user.home):
        proc.rename(user.home, changed.home)
    await _lock(files, changed.name, options)
    return 0


def _modified(files: AccountFiles, user: User, options: Options) -> User:
    gid = user.gid
    if "g" in options:
        group = files.group(options.value("g"))
        if group is None:
            raise Failure(f"group '{options.value('g')}' does not exist", 6)
        gid = group.gid
    return User(
        options.value("l") or user.name,
        user.password,
        options.number("u", user.uid),
        gid,
        options.value("c", user.gecos) if "c" in options else user.gecos,
        options.value("d") or user.home,
        options.value("s", user.shell) if "s" in options else user.shell,
    )


async def _lock(files: AccountFiles, name: str, options: Options) -> None:
    field = files.password(name)
    if "L" in options and not field.startswith("!"):
        await files.set_password(name, "!" + field)
    elif "U" in options:
        await files.set_password(name, field.lstrip("!"))
    elif "p" in options:
        await files.set_password(name, options.value("p"))


@tool(
    "[OPTIONS] LOGIN",
    "rfZ",
    about="Delete a user account",
    long="remove=r force=f",
    trouble=(2, 2),
    package=SHADOW_UTILS,
)
async def userdel(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "userdel")
    return await remove_user(
        proc, options.args[0], f"user '{options.args[0]}' does not exist", 6, "r" in options
    )


async def remove_user(proc: Process, name: str, missing: str, code: int, with_home: bool) -> int:
    files = AccountFiles(proc)
    user = files.user(name)
    if user is None:
        raise Failure(missing, code)
    files.users = [row for row in files.users if row.name != name]
    files.leave(name, "")
    own = files.group(name)
    if (
        own
        and own.gid == user.gid
        and not own.members
        and not any(row.gid == own.gid for row in files.users)
    ):
        files.groups = [row for row in files.groups if row.name != name]
    await files.save()
    if with_home:
        remove_tree(proc, user.home)
    return 0


@tool(
    "[OPTIONS] GROUP",
    "g:rfop:K:",
    about="Create a new group",
    long="gid:=g system=r force=f non-unique=o password:=p",
    trouble=(2, 2),
    package=SHADOW_UTILS,
)
async def groupadd(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "groupadd")
    name = options.args[0]
    files = AccountFiles(proc)
    if any(row.name == name for row in files.groups):
        if "f" in options:
            return 0
        raise Failure(f"group '{name}' already exists", 9)
    gid = files.free_gid(system="r" in options, from_top=True)
    if "g" in options:
        gid = options.number("g")
        if "o" not in options and any(row.gid == gid for row in files.groups):
            raise Failure(f"GID '{gid}' already exists", 4)
    files.add_group(name, gid)
    await files.save()
    return 0


@tool(
    "[OPTIONS] GROUP",
    "g:n:op:",
    about="Modify a group",
    long="gid:=g new-name:=n",
    trouble=(2, 2),
    package=SHADOW_UTILS,
)
async def groupmod(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "groupmod")
    files = AccountFiles(proc)
    group = next((row for row in files.groups if row.name == options.args[0]), None)
    if group is None:
        raise Failure(f"group '{options.args[0]}' does not exist", 6)
    gid = options.number("g", group.gid)
    changed = Group(options.value("n") or group.name, group.password, gid, group.members)
    files.groups = [changed if row is group else row for row in files.groups]
    files.users = [row._replace(gid=gid) if row.gid == group.gid else row for row in files.users]
    await files.save()
    return 0


@tool("[OPTIONS] GROUP", "f", about="Delete a group", trouble=(2, 2), package=SHADOW_UTILS)
async def groupdel(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError()
    only_root(proc, "groupdel")
    return await remove_group(proc, options.args[0], f"group '{options.args[0]}' does not exist", 6)


async def remove_group(proc: Process, name: str, missing: str, code: int) -> int:
    files = AccountFiles(proc)
    group = next((row for row in files.groups if row.name == name), None)
    if group is None:
        raise Failure(missing, code)
    primary = next((row for row in files.users if row.gid == group.gid), None)
    if primary:
        text = f"cannot remove the primary group of user '{primary.name}'"
        raise Failure(
            text
            if is_gnu(proc)
            else f"'{primary.name}' still has '{name}' as their primary group!",
            8 if is_gnu(proc) else 1,
        )
    files.groups = [row for row in files.groups if row is not group]
    await files.save()
    return 0
