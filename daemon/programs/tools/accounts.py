"""Users and groups, read from the container's /etc/passwd and /etc/group."""

from typing import NamedTuple

from daemon.process.process import Process

PASSWD = "/etc/passwd"
GROUP = "/etc/group"


class User(NamedTuple):
    """A row of /etc/passwd."""

    name: str
    password: str
    uid: int
    gid: int
    gecos: str
    home: str
    shell: str

    def line(self) -> str:
        return f"{self.name}:{self.password}:{self.uid}:{self.gid}:{self.gecos}:{self.home}:{self.shell}\n"


class Group(NamedTuple):
    """A row of /etc/group."""

    name: str
    password: str
    gid: int
    members: tuple[str, ...]

    def line(self) -> str:
        return f"{self.name}:{self.password}:{self.gid}:{','.join(self.members)}\n"


def _rows(proc: Process, path: str, fields: int) -> list[list[str]]:
    try:
        text = proc.machine.fs.read_bytes(path).decode(errors="surrogateescape")
    except OSError:
        return []
    rows = [line.split(":") for line in text.splitlines() if line.strip()]
    return [row for row in rows if len(row) >= fields]


def users(proc: Process) -> list[User]:
    """The rows that can be read, in the file's order."""
    found = []
    for row in _rows(proc, PASSWD, 7):
        if row[2].isdigit() and row[3].isdigit():
            found.append(User(row[0], row[1], int(row[2]), int(row[3]), row[4], row[5], row[6]))
    return found


def groups(proc: Process) -> list[Group]:
    """The rows that can be read, in the file's order."""
    found = []
    for row in _rows(proc, GROUP, 4):
        if row[2].isdigit():
            members = tuple(name for name in row[3].split(",") if name)
            found.append(Group(row[0], row[1], int(row[2]), members))
    return found


class Names:
    """Numbers to names and back, with the files read once."""

    def __init__(self, proc: Process) -> None:
        self.users = users(proc)
        self.groups = groups(proc)
        self._user = {user.uid: user.name for user in reversed(self.users)}
        self._group = {group.gid: group.name for group in reversed(self.groups)}

    def user(self, uid: int) -> str:
        """The name, or the number in digits."""
        return self._user.get(uid, str(uid))

    def group(self, gid: int) -> str:
        return self._group.get(gid, str(gid))

    def knows_user(self, uid: int) -> bool:
        return uid in self._user

    def knows_group(self, gid: int) -> bool:
        return gid in self._group

    def find_user(self, text: str) -> User | None:
        return next((user for user in self.users if user.name == text), None)

    def find_group(self, text: str) -> Group | None:
        return next((group for group in self.groups if group.name == text), None)

    def uid(self, text: str) -> int | None:
        """A name's or a number's uid; None for an unknown name."""
        user = self.find_user(text)
        if user:
            return user.uid
        return int(text) if text.isdigit() else None

    def gid(self, text: str) -> int | None:
        group = self.find_group(text)
        if group:
            return group.gid
        return int(text) if text.isdigit() else None

    def groups_of(self, user: User) -> list[int]:
        """The primary group first, then those that list the user."""
        listed = [group.gid for group in self.groups if user.name in group.members]
        return [user.gid, *(gid for gid in listed if gid != user.gid)]
