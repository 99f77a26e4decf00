"""Pathname expansion: a pattern to the sorted names that match it."""

from typing import TYPE_CHECKING, NamedTuple

from daemon.programs.common import glob

if TYPE_CHECKING:
    from daemon.process.process import Process


class GlobRules(NamedTuple):
    """The options that matter: extglob, dotglob, nocaseglob, globstar and globskipdots of bash."""

    extended: bool = False
    dots: bool = False
    ignore_case: bool = False
    globstar: bool = False
    skip_dots: bool = False


def pathnames(proc: "Process", pattern: str, rules: GlobRules) -> list[str]:
    """The existing paths that match, sorted; empty if there are none."""
    segments = pattern.split("/")
    start = [""]
    if segments[0] == "" and len(segments) > 1:
        start, segments = ["/"], segments[1:]
        while segments and segments[0] == "":
            segments.pop(0)
    return sorted(_Walk(proc, rules).walk(start, segments))


class _Walk:
    def __init__(self, proc: "Process", rules: GlobRules) -> None:
        self.proc = proc
        self.rules = rules

    def walk(self, bases: list[str], segments: list[str]) -> list[str]:
        """Descend one segment at a time; a base ends with a slash or is empty."""
        for number, segment in enumerate(segments):
            last = number == len(segments) - 1
            found: list[str] = []
            for base in bases:
                found.extend(self._step(base, segment, last))
            bases = found
        return bases

    def _step(self, base: str, segment: str, last: bool) -> list[str]:
        tail = "" if last else "/"
        if segment == "**" and self.rules.globstar:
            return self._descend(base, last)
        if not glob.has_magic(segment, extended=self.rules.extended):
            path = base + glob.unescape(segment)
            return [path + tail] if self._exists(path, last) else []
        names = self._names(base, segment)
        return [base + name + tail for name in names if last or self._is_folder(base + name)]

    def _names(self, base: str, segment: str) -> list[str]:
        regex = glob.whole(
            segment, extended=self.rules.extended, ignore_case=self.rules.ignore_case
        )
        dotted = segment.startswith((".", "\\."))
        try:
            names = self.proc.listdir(base or ".")
        except OSError:
            return []
        if dotted and not self.rules.skip_dots:
            names = [".", "..", *names]
        return [
            name
            for name in names
            if (name[0] != "." or dotted or self.rules.dots) and regex.fullmatch(name)
        ]

    def _descend(self, base: str, last: bool) -> list[str]:
        found = [base] if base or not last else []
        try:
            names = sorted(self.proc.listdir(base or "."))
        except OSError:
            return found
        for name in names:
            if name[0] == "." and not self.rules.dots:
                continue
            path = base + name
            if last:
                found.append(path)
            if self._is_folder(path):
                found.extend(self._descend(path + "/", last)[1 if last else 0 :])
        return found

    def _exists(self, path: str, last: bool) -> bool:
        if path.endswith("/"):
            return self._is_folder(path)
        try:
            self.proc.stat(path or ".", follow=not last)
        except OSError:
            return False
        return True

    def _is_folder(self, path: str) -> bool:
        try:
            return self.proc.stat(path).mode & 0o170000 == 0o040000
        except OSError:
            return False
