"""What `test`, `[` and `[[` ask: files, numbers and text."""

import os
import stat
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.fs.nodes import Stat
    from daemon.process.process import Process


class ConditionError(Exception):
    """`kind` is "number", "unary", "binary", "argument" or "parenthesis"; `token` is to blame, `before` precedes it."""

    def __init__(self, kind: str, token: str = "", before: str = "") -> None:
        super().__init__(kind, token, before)
        self.kind = kind
        self.token = token
        self.before = before or token


def _type_is(kind: int) -> Callable[["Process", "Stat"], bool]:
    return lambda proc, status: stat.S_IFMT(status.mode) == kind


_FILE_TESTS: dict[str, Callable[["Process", "Stat"], bool]] = {
    "-e": lambda proc, status: True,
    "-a": lambda proc, status: True,
    "-f": _type_is(stat.S_IFREG),
    "-d": _type_is(stat.S_IFDIR),
    "-h": _type_is(stat.S_IFLNK),
    "-L": _type_is(stat.S_IFLNK),
    "-p": _type_is(stat.S_IFIFO),
    "-S": _type_is(stat.S_IFSOCK),
    "-b": _type_is(stat.S_IFBLK),
    "-c": _type_is(stat.S_IFCHR),
    "-s": lambda proc, status: status.size > 0,
    "-u": lambda proc, status: bool(status.mode & stat.S_ISUID),
    "-g": lambda proc, status: bool(status.mode & stat.S_ISGID),
    "-k": lambda proc, status: bool(status.mode & stat.S_ISVTX),
    "-O": lambda proc, status: status.uid == proc.cred.uid,
    "-G": lambda proc, status: status.gid == proc.cred.gid,
    "-N": lambda proc, status: status.mtime_ns > status.atime_ns,
}
SECOND = 1_000_000_000
_ACCESS = {"-r": os.R_OK, "-w": os.W_OK, "-x": os.X_OK}
UNARY = frozenset([*_FILE_TESTS, *_ACCESS, "-t", "-n", "-z"])
NUMERIC = frozenset(["-eq", "-ne", "-lt", "-le", "-gt", "-ge"])
BINARY = NUMERIC | {"=", "==", "!=", "<", ">", "-nt", "-ot", "-ef"}


def unary_file_test(proc: "Process", op: str, operand: str) -> bool:
    """A file test; what does not exist fails it."""
    if op == "-t":
        try:
            return proc.isatty(int(operand))
        except (ValueError, OSError):
            return False
    if not operand:
        return False
    if op in _ACCESS:
        return _accessible(proc, operand, _ACCESS[op])
    try:
        status = proc.stat(operand, follow=op not in ("-h", "-L"))
    except OSError:
        return False
    return _FILE_TESTS[op](proc, status)


def _accessible(proc: "Process", path: str, mode: int) -> bool:
    try:
        return proc.access(path, mode)
    except OSError:
        return False


def compare_numbers(op: str, left: int, right: int) -> bool:
    """`-eq` and its kin."""
    difference = (left > right) - (left < right)
    return {
        "-eq": difference == 0,
        "-ne": difference != 0,
        "-lt": difference < 0,
        "-le": difference <= 0,
        "-gt": difference > 0,
        "-ge": difference >= 0,
    }[op]


def compare_files(
    proc: "Process", op: str, left: str, right: str, *, missing_is_older: bool = True, unit: int = 1
) -> bool:
    """`-nt` and `-ot`, by times of `unit` nanoseconds, and `-ef`."""
    first, second = _stat_or_none(proc, left), _stat_or_none(proc, right)
    if op == "-ef":
        same = first is not None and second is not None
        return same and (first.dev, first.ino) == (second.dev, second.ino)  # type: ignore[union-attr]
    if op == "-ot":
        first, second = second, first
    if first is None or (second is None and not missing_is_older):
        return False
    return second is None or first.mtime_ns // unit > second.mtime_ns // unit


def _stat_or_none(proc: "Process", path: str) -> "Stat | None":
    try:
        return proc.stat(path)
    except OSError:
        return None


def integer(text: str) -> int:
    """A decimal operand, blanks around it allowed."""
    stripped = text.strip(" \t\n")
    digits = stripped[1:] if stripped[:1] in ("-", "+") else stripped
    if not digits.isdigit() or not digits.isascii():
        raise ConditionError("number", text)
    return int(stripped)


class Test:
    """Evaluates the arguments of test(1) by POSIX's rules for up to four arguments, and by precedence beyond.

    `extra` answers further unary operators, such as bash's `-v` and `-o`; `style` is ash, dash, bash or gnu.
    """

    __test__ = False
    operators = BINARY

    def __init__(
        self,
        proc: "Process",
        extra: Callable[[str, str], bool | None] | None = None,
        style: str = "bash",
    ) -> None:
        self.proc = proc
        self.style = style
        self.extra = extra
        self.args: Sequence[str] = ()
        self.pos = 0

    def evaluate(self, args: Sequence[str]) -> bool:
        """Whether the expression holds; ConditionError if it is none."""
        count = len(args)
        if count == 0:
            return False
        if count == 1:
            return args[0] != ""
        if count == 3 and args[1] in self.operators:
            return self.compare(args[1], args[0], args[2])
        if count == 2:
            return self._two(args)
        if count in (3, 4):
            if args[0] == "!" and (count == 4 or args[1] not in self.operators):
                return not self.evaluate(args[1:])
            if args[0] == "(" and args[-1] == ")":
                return self.evaluate(args[1:-1])
        return self._expression(args)

    def _two(self, args: Sequence[str]) -> bool:
        if args[0] == "!":
            return args[1] == ""
        if not self._is_unary(args[0]):
            raise ConditionError("unary", args[0], args[1])
        return self._unary(args[0], args[1])

    def _is_unary(self, op: str) -> bool:
        return op in UNARY or (self.extra is not None and op in ("-v", "-o", "-R"))

    def _unary(self, op: str, operand: str) -> bool:
        if self.extra is not None and (answer := self.extra(op, operand)) is not None:
            return answer
        if op == "-n":
            return operand != ""
        if op == "-z":
            return operand == ""
        if op == "-t":
            integer(operand)
        return unary_file_test(self.proc, op, operand)

    def compare(self, op: str, left: str, right: str) -> bool:
        """A binary operator."""
        if op in NUMERIC:
            return compare_numbers(op, integer(left), integer(right))
        if op in ("=", "=="):
            return left == right
        if op == "!=":
            return left != right
        if op in ("<", ">"):
            return left < right if op == "<" else left > right
        older = self.style in ("bash", "gnu")
        unit = SECOND if self.style == "ash" else 1
        return compare_files(self.proc, op, left, right, missing_is_older=older, unit=unit)

    # ---- any number of arguments ------------------------------------------------------------------

    def _expression(self, args: Sequence[str]) -> bool:
        self.args, self.pos = args, 0
        result = self._or()
        if self.pos < len(args):
            left_over = args[self.pos]
            if self.pos == 1 and len(args) == 3:
                raise ConditionError("binary", args[1], args[0])
            raise ConditionError("argument", left_over, args[self.pos - 1])
        return result

    def _peek(self, ahead: int = 0) -> str | None:
        where = self.pos + ahead
        return self.args[where] if where < len(self.args) else None

    def _take(self) -> str:
        token = self._peek()
        if token is None:
            raise ConditionError("argument", "")
        self.pos += 1
        return token

    def _or(self) -> bool:
        result = self._and()
        while self._peek() == "-o":
            self.pos += 1
            other = self._and()
            result = result or other
        return result

    def _and(self) -> bool:
        result = self._not()
        while self._peek() == "-a":
            self.pos += 1
            other = self._not()
            result = result and other
        return result

    def _not(self) -> bool:
        if self._peek() == "!" and self._peek(1) not in (None, *self.operators):
            self.pos += 1
            return not self._not()
        return self._primary()

    def _primary(self) -> bool:
        following = self._peek(1)
        if following in self.operators and self._peek(2) is not None:
            left, op, right = self._take(), self._take(), self._take()
            return self.compare(op, left, right)
        token = self._take()
        if token == "(":
            result = self._or()
            if self._peek() != ")":
                raise ConditionError("parenthesis", "")
            self.pos += 1
            return result
        if self._is_unary(token) and self._peek() is not None:
            return self._unary(token, self._take())
        return token != ""
