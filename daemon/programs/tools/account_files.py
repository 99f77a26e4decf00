"""Changing /etc/passwd, /etc/group and /etc/shadow: what adduser, useradd and their kin have in common."""

import os
import stat
from collections.abc import Iterable

from daemon.process.process import Process
from daemon.programs.tools.accounts import GROUP, PASSWD, Group, Names, User
from daemon.programs.tools.dates import NS
from daemon.programs.tools.kit import Failure, opened, reason
from daemon.programs.tools.paths import make_folders

SHADOW = "/etc/shadow"
SKELETON = "/etc/skel"
DAY = 86400


class AccountFiles:
    """The three files, read at once and written back whole."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        names = Names(proc)
        self.users = names.users
        self.groups = names.groups

    def user(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)

    def group(self, text: str) -> Group | None:
        """By name or number."""
        for group in self.groups:
            if group.name == text or (text.isdigit() and group.gid == int(text)):
                return group
        return None

    def free_id(self, taken: Iterable[int], *, system: bool, from_top: bool) -> int:
        """The next id of the usual ranges: people from 1000 up, system accounts 100-999 (Debian's shadow from 999 down)."""
        used = set(taken)
        if not system:
            numbers: Iterable[int] = range(1000, 60000)
        else:
            numbers = range(999, 99, -1) if from_top else range(100, 1000)
        for number in numbers:
            if number not in used:
                return number
        raise Failure("no free id")

    def free_uid(self, *, system: bool, from_top: bool = False) -> int:
        return self.free_id((u.uid for u in self.users), system=system, from_top=from_top)

    def free_gid(self, *, system: bool, from_top: bool = False, near: int | None = None) -> int:
        taken = {group.gid for group in self.groups}
        if near is not None and near not in taken:
            return near
        return self.free_id(taken, system=system, from_top=from_top)

    def add_user(self, user: User) -> None:
        self.users.append(user)

    def add_group(self, name: str, gid: int) -> None:
        self.groups.append(Group(name, "x", gid, ()))

    def join(self, user: str, group: str) -> None:
        self.groups = [
            row._replace(members=(*row.members, user))
            if row.name == group and user not in row.members
            else row
            for row in self.groups
        ]

    def leave(self, user: str, group: str) -> None:
        self.groups = [
            row._replace(members=tuple(name for name in row.members if name != user))
            if group in (row.name, "")
            else row
            for row in self.groups
        ]

    async def save(self) -> None:
        await self._write(PASSWD, "".join(user.line() for user in self.users))
        await self._write(GROUP, "".join(group.line() for group in self.groups))
        await self._save_shadow()

    async def _save_shadow(self) -> None:
        """Accounts that are new get a locked password; those that are gone lose their line."""
        rows = self._shadow_rows()
        today = self.proc.machine.clock.now() // NS // DAY
        known = {row.partition(":")[0] for row in rows}
        names = {user.name for user in self.users}
        rows = [row for row in rows if row.partition(":")[0] in names]
        rows += [f"{u.name}:!:{today}:0:99999:7:::" for u in self.users if u.name not in known]
        if rows and (known or self.proc.cred.uid == 0):
            await self._write(SHADOW, "".join(f"{row}\n" for row in rows), 0o640)

    def _shadow_rows(self) -> list[str]:
        try:
            return self.proc.fs.read_bytes(SHADOW).decode(errors="surrogateescape").splitlines()
        except OSError:
            return []

    async def set_password(self, name: str, field: str) -> None:
        rows = self._shadow_rows()
        changed = []
        for row in rows:
            parts = row.split(":")
            if parts[0] == name and len(parts) > 2:
                parts[1] = field
            changed.append(":".join(parts))
        await self._write(SHADOW, "".join(f"{row}\n" for row in changed), 0o640)

    def password(self, name: str) -> str:
        for row in self._shadow_rows():
            parts = row.split(":")
            if parts[0] == name and len(parts) > 1:
                return parts[1]
        return ""

    async def _write(self, path: str, text: str, mode: int = 0o644) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        try:
            async with opened(self.proc, path, flags, mode) as fd:
                await self.proc.write(fd, os.fsencode(text))
        except OSError as error:
            raise Failure(f"{path}: {reason(error)}") from error


async def make_home(proc: Process, user: User, mode: int = 0o755) -> bool:
    """Make the home folder with what /etc/skel holds; False if something of that name is there."""
    if proc.machine.fs.exists(user.home):
        return False
    make_folders(proc, user.home, 0o755)
    if proc.machine.fs.isdir(SKELETON):
        for name in proc.listdir(SKELETON):
            await _copy_skeleton(proc, f"{SKELETON}/{name}", f"{user.home}/{name}", user)
    proc.chmod(user.home, mode)
    proc.chown(user.home, user.uid, user.gid)
    return True


async def _copy_skeleton(proc: Process, source: str, target: str, user: User) -> None:
    info = proc.stat(source, follow=False)
    if stat.S_ISREG(info.mode):
        async with (
            opened(proc, source) as reader,
            opened(proc, target, os.O_WRONLY | os.O_CREAT, info.mode & 0o777) as writer,
        ):
            while data := await proc.read(reader):
                await proc.write(writer, data)
        proc.chown(target, user.uid, user.gid)


def remove_tree(proc: Process, path: str) -> None:
    """A home folder and all that is in it."""
    try:
        info = proc.stat(path, follow=False)
    except OSError:
        return
    if stat.S_ISDIR(info.mode):
        for name in proc.listdir(path):
            remove_tree(proc, f"{path}/{name}")
        proc.rmdir(path)
    else:
        proc.unlink(path)
