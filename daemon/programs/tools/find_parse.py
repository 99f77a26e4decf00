"""find's expression, read into a tree of tests and actions."""

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.process.process import Process
from daemon.programs.common.glob import matches
from daemon.programs.common.regex import compile_posix
from daemon.programs.tools import dates
from daemon.programs.tools.accounts import Names
from daemon.programs.tools.kit import Failure, UsageError, is_gnu
from daemon.programs.tools.modes import parse_mode


@dataclass(slots=True)
class Node:
    """One test, action or operator; `words` are its operands as typed."""

    name: str
    words: list[str] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)


@dataclass(slots=True)
class Request:
    """What find was asked: where, how deep, and the expression (None: print everything)."""

    paths: list[str]
    expression: Node
    follow: str = "P"
    max_depth: int = 1 << 30
    min_depth: int = 0
    depth_first: bool = False
    one_filesystem: bool = False


_OPERANDS = {
    "-name": 1,
    "-iname": 1,
    "-path": 1,
    "-wholename": 1,
    "-ipath": 1,
    "-regex": 1,
    "-iregex": 1,
    "-type": 1,
    "-xtype": 1,
    "-perm": 1,
    "-mtime": 1,
    "-atime": 1,
    "-ctime": 1,
    "-mmin": 1,
    "-amin": 1,
    "-cmin": 1,
    "-newer": 1,
    "-anewer": 1,
    "-cnewer": 1,
    "-newermt": 1,
    "-inum": 1,
    "-samefile": 1,
    "-user": 1,
    "-group": 1,
    "-uid": 1,
    "-gid": 1,
    "-size": 1,
    "-links": 1,
    "-lname": 1,
    "-printf": 1,
    "-fprint": 1,
    "-empty": 0,
    "-executable": 0,
    "-readable": 0,
    "-writable": 0,
    "-nouser": 0,
    "-nogroup": 0,
    "-prune": 0,
    "-print": 0,
    "-print0": 0,
    "-ls": 0,
    "-delete": 0,
    "-quit": 0,
    "-true": 0,
    "-false": 0,
}
_GLOBAL = {
    "-maxdepth": 1,
    "-mindepth": 1,
    "-depth": 0,
    "-d": 0,
    "-xdev": 0,
    "-mount": 0,
    "-follow": 0,
    "-noleaf": 0,
    "-daystart": 0,
    "-regextype": 1,
    "-warn": 0,
    "-nowarn": 0,
}
ACTIONS = {
    "-print",
    "-print0",
    "-printf",
    "-fprint",
    "-ls",
    "-delete",
    "-exec",
    "-execdir",
    "-ok",
    "-quit",
    "-okdir",
}
_GNU_ONLY = {
    "-printf",
    "-fprint",
    "-ls",
    "-lname",
    "-newermt",
    "-uid",
    "-gid",
    "-execdir",
    "-readable",
    "-writable",
    "-regextype",
    "-noleaf",
    "-daystart",
    "-warn",
    "-nowarn",
    "-xtype",
    "-okdir",
    "-nouser",
    "-nogroup",
    "-anewer",
    "-cnewer",
    "-wholename",
    "-d",
}


class _Reader:
    def __init__(self, proc: Process, words: list[str]) -> None:
        self.proc = proc
        self.words = words
        self.at = 0
        self.request = Request([], Node("-true"))
        self.acted = False

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self) -> str:
        word = self.peek()
        self.at += 1
        return word

    def run(self) -> Request:
        while self.peek() in ("-H", "-L", "-P"):
            self.request.follow = self.take()[1]
        while self.at < len(self.words) and not self._is_expression(self.peek()):
            self.request.paths.append(self.take())
        self.request.paths = self.request.paths or ["."]
        if self.at < len(self.words):
            self.request.expression = self._either()
            if self.at < len(self.words):
                raise Failure("you have too many ')'" if is_gnu(self.proc) else "unexpected ')'")
        if not self.acted:
            self.request.expression = Node("and", [], [self.request.expression, Node("-print")])
        return self.request

    def _is_expression(self, word: str) -> bool:
        return (word.startswith("-") and len(word) > 1) or word in ("(", ")", "!", ",")

    def _either(self) -> Node:
        branches = [self._both()]
        while self.peek() in ("-o", "-or", ","):
            comma = self.take() == ","
            right = self._both()
            branches.append(right)
            if comma:
                branches = [Node("list", [], branches)]
        return branches[0] if len(branches) == 1 else Node("or", [], branches)

    def _both(self) -> Node:
        parts = [self._not()]
        while self.at < len(self.words) and self.peek() not in ("-o", "-or", ",", ")"):
            if self.peek() in ("-a", "-and"):
                self.take()
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else Node("and", [], parts)

    def _not(self) -> Node:
        if self.peek() in ("!", "-not"):
            self.take()
            return Node("not", [], [self._not()])
        return self._primary()

    def _primary(self) -> Node:
        word = self.take()
        if word == "(":
            inside = self._either()
            if self.take() != ")":
                raise Failure(self._unclosed())
            return inside
        if word in _GLOBAL and (is_gnu(self.proc) or word not in _GNU_ONLY):
            return self._global(word)
        if word in ("-exec", "-execdir", "-ok", "-okdir"):
            return self._exec(word)
        if word not in _OPERANDS or (not is_gnu(self.proc) and word in _GNU_ONLY):
            raise self._unknown(word)
        self.acted = self.acted or word in ACTIONS
        if word == "-delete":
            self.request.depth_first = True
        return Node(word, [self._operand(word) for _ in range(_OPERANDS[word])])

    def _unclosed(self) -> str:
        if is_gnu(self.proc):
            return "invalid expression; expected to find a ')' but didn't see one. Perhaps you need an extra predicate after '('"
        return "unclosed '('"

    def _unknown(self, word: str) -> Failure:
        if not is_gnu(self.proc):
            return UsageError(f"unrecognized: {word}")
        if not word:
            return Failure(
                "invalid expression; you have used a binary operator with nothing after it."
            )
        if not word.startswith("-"):
            return Failure(f"paths must precede expression: `{word}'")
        return Failure(f"unknown predicate `{word}'")

    def _operand(self, word: str) -> str:
        if self.at >= len(self.words):
            text = (
                f"missing argument to `{word}'"
                if is_gnu(self.proc)
                else f"{word} requires an argument"
            )
            raise Failure(text)
        return self.take()

    def _global(self, word: str) -> Node:
        request = self.request
        if word in ("-maxdepth", "-mindepth"):
            text = self._operand(word)
            if not text.isdigit():
                gnu = f"Expected a positive decimal integer argument to {word}, but got '{text}'"
                raise Failure(gnu if is_gnu(self.proc) else f"invalid number '{text}'")
            if word == "-maxdepth":
                request.max_depth = int(text)
            else:
                request.min_depth = int(text)
        elif word == "-regextype":
            self._operand(word)
        elif word in ("-depth", "-d"):
            request.depth_first = True
        elif word in ("-xdev", "-mount"):
            request.one_filesystem = True
        elif word == "-follow":
            request.follow = "L"
        return Node("-true")

    def _exec(self, word: str) -> Node:
        self.acted = True
        words: list[str] = []
        while self.at < len(self.words):
            part = self.take()
            if part == ";" or (part == "+" and words[-1:] == ["{}"]):
                return Node(word + ("+" if part == "+" else ""), words)
            words.append(part)
        text = (
            f"missing argument to `{word}'" if is_gnu(self.proc) else f"{word} requires an argument"
        )
        raise Failure(text)


def parse_find(proc: Process) -> Request:
    """Read the whole command line."""
    return _Reader(proc, proc.argv[1:]).run()


Check = Callable[[int], bool]


def number_test(text: str, proc: Process, what: str) -> Check:
    """`+n` more, `-n` less, `n` exactly."""
    digits = text.lstrip("+-")
    if not digits.isdigit():
        raise Failure(
            f"invalid argument `{text}' to `{what}'" if is_gnu(proc) else f"invalid number '{text}'"
        )
    number = int(digits)
    if text[0] == "+":
        return lambda value: value > number
    if text[0] == "-":
        return lambda value: value < number
    return lambda value: value == number


def name_test(pattern: str, ignore_case: bool) -> Callable[[str], bool]:
    return lambda name: matches(pattern, name, ignore_case=ignore_case)


def regex_test(pattern: str, ignore_case: bool) -> Callable[[str], bool]:
    """The whole path must match; find's own dialect is close to basic expressions with + and ?."""
    made = compile_posix(
        re.sub(r"(?<!\\)([+?])", r"\\\1", pattern).encode(), ignore_case=ignore_case
    )
    return lambda path: made.fullmatch(path.encode(errors="surrogateescape")) is not None


def permission_test(text: str, proc: Process) -> Check:
    """`-mode`: all of these bits, `/mode`: any of them, `mode`: exactly."""
    sign = text[0] if text[:1] in "-/+" else ""
    change = parse_mode(text[len(sign) :], 0)
    if change is None:
        raise Failure(f"invalid mode '{text}'")
    wanted = change(0)
    if sign == "-":
        return lambda mode: mode & wanted == wanted
    if sign:
        return lambda mode: not wanted or bool(mode & wanted)
    return lambda mode: stat.S_IMODE(mode) == wanted


_SIZE_UNITS = {"": 512, "b": 512, "c": 1, "w": 2, "k": 1024, "M": 1 << 20, "G": 1 << 30}


def size_test(text: str, proc: Process) -> Check:
    """Sizes are rounded up to the unit before they are compared."""
    found = re.fullmatch(r"([+-]?)(\d+)([bcwkMG]?)", text)
    if not found:
        raise Failure(
            f"invalid -size type `{text[-1:]}'" if is_gnu(proc) else f"invalid number '{text}'"
        )
    unit = _SIZE_UNITS[found[3]]
    check = number_test(found[1] + found[2], proc, "-size")
    if not is_gnu(proc):
        limit = int(found[2]) * unit
        signs = {
            "+": lambda size: size > limit,
            "-": lambda size: size < limit,
            "": lambda size: size == limit,
        }
        return signs[found[1]]
    return lambda size: check(-(-size // unit))


def owner_test(proc: Process, text: str, kind: str) -> Check:
    names = Names(proc)
    number = names.uid(text) if kind == "user" else names.gid(text)
    if number is None:
        gnu = f"'{text}' is not the name of a known {kind}"
        raise Failure(gnu if is_gnu(proc) else f"unknown {kind} {text}")
    return lambda value: value == number


def age_test(proc: Process, text: str, what: str) -> Check:
    """Days (or minutes) since a time stamp, fractions dropped."""
    unit = 60 if what.endswith("min") else 86400
    check = number_test(text, proc, what)
    now = proc.machine.clock.now()
    return lambda ns: check((now - ns) // dates.NS // unit)
