"""The directives of an Apache configuration that decide what is served, from where, and what is logged."""

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from daemon.process.process import Process

PREFIX = "/usr/local/apache2"
DEPTH_LIMIT = 8
SECTION = re.compile(r"<\s*(/?)\s*(\w+)\s*([^>]*)>")
COMMON = '%h %l %u %t "%r" %>s %b'


class ConfigError(Exception):
    """A line that Apache would refuse; the text names file and line."""


@dataclass(slots=True)
class Folder:
    """What <Directory> says of a folder."""

    path: str
    options: set[str] = field(default_factory=set)
    granted: bool | None = None


@dataclass(slots=True)
class ApacheConfig:
    """Relative names in the file are below `server_root`."""

    server_root: str = PREFIX
    document_root: str = f"{PREFIX}/htdocs"
    listen: list[tuple[str, int]] = field(default_factory=list)
    server_name: str = ""
    directory_index: list[str] = field(default_factory=lambda: ["index.html"])
    error_log: str = "logs/error_log"
    access_logs: list[tuple[str, str]] = field(default_factory=list)
    formats: dict[str, str] = field(default_factory=dict)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    redirects: list[tuple[str, int, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    folders: list[Folder] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)
    user: str = "www-data"
    keep_alive: bool = True
    keep_alive_timeout: float = 5.0

    def absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join(self.server_root, path))

    def folder_of(self, path: str) -> Folder:
        """What the <Directory> sections together say of a path, the outermost first."""
        merged = Folder(path, {"FollowSymLinks"})
        for section in sorted(self.folders, key=lambda folder: len(folder.path)):
            base = section.path.rstrip("/")
            if path == base or path.startswith(base + "/") or fnmatch.fnmatchcase(path, base):
                merged.options = section.options or merged.options
                merged.granted = merged.granted if section.granted is None else section.granted
        return merged


def read_config(proc: Process, path: str = f"{PREFIX}/conf/httpd.conf") -> ApacheConfig:
    """The configuration that starts at `path`; OSError if it cannot be read."""
    reader = _Reader(proc)
    reader.file(path, 0)
    return reader.config


class _Reader:
    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.config = ApacheConfig()
        self.sections: list[tuple[str, str, bool]] = []

    def file(self, path: str, depth: int) -> None:
        text = self.proc.machine.fs.read_bytes(path, who=self.proc.cred).decode("utf-8", "replace")
        for number, line in _logical_lines(text):
            where = f"line {number} of {path}"
            if match := SECTION.fullmatch(line):
                closing, name, argument = match.groups()
                self._section(closing, name, argument, where)
            elif all(active for _, _, active in self.sections):
                self._directive(line, where, depth)
        if self.sections and depth == 0:
            name = self.sections[-1][0]
            raise ConfigError(f"{path}: <{name}> was not closed.")

    def _section(self, closing: str, name: str, argument: str, where: str) -> None:
        if closing:
            if not self.sections or self.sections[-1][0].lower() != name.lower():
                raise ConfigError(
                    f"Syntax error on {where}:\n</{name}> without matching <{name}> section"
                )
            self.sections.pop()
            return
        argument = argument.strip().strip('"')
        self.sections.append((name, argument, self._applies(name.lower(), argument)))
        if name.lower() == "directory":
            self.config.folders.append(Folder(self.config.absolute(argument)))

    def _applies(self, name: str, argument: str) -> bool:
        if name in ("ifmodule", "ifdefine"):
            wanted = argument.lstrip("!")
            known = wanted in self.config.modules or (name == "ifdefine" and wanted == "FOREGROUND")
            return known != argument.startswith("!")
        return name in ("directory", "virtualhost", "requireall", "requireany")

    def _directive(self, line: str, where: str, depth: int) -> None:
        try:
            name, *words = shlex.split(line, comments=False)
        except ValueError:
            name, *words = line.split()
        handler = DIRECTIVES.get(name.lower())
        if handler is not None and words:
            handler(self, words)
        elif name.lower() in ("include", "includeoptional") and words and depth < DEPTH_LIMIT:
            self._include(words[0], name.lower() == "include", where, depth)
        elif not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise ConfigError(
                f"Syntax error on {where}:\nInvalid command '{name}', perhaps misspelled or "
                "defined by a module not included in the server configuration"
            )

    def _include(self, pattern: str, needed: bool, where: str, depth: int) -> None:
        path = self.config.absolute(pattern)
        folder, name = posixpath.split(path)
        try:
            names = self.proc.machine.fs.listdir(folder, who=self.proc.cred)
        except OSError:
            names = []
        found = sorted(n for n in names if fnmatch.fnmatchcase(n, name))
        if not found and needed and "*" not in pattern:
            raise ConfigError(
                f"Syntax error on {where}:\nCould not open configuration file {path}: No such file or directory"
            )
        for name in found:
            self.file(f"{folder}/{name}", depth + 1)

    @property
    def folder(self) -> Folder:
        inside = any(name.lower() == "directory" for name, _, _ in self.sections)
        return self.config.folders[-1] if inside else Folder("")

    # --- directives

    def listen(self, words: list[str]) -> None:
        host, _, port = words[0].rpartition(":")
        if port.isdigit():
            self.config.listen.append((host.strip("[]"), int(port)))

    def load_module(self, words: list[str]) -> None:
        name = words[0].removesuffix("_module")
        self.config.modules |= {words[0], f"mod_{name}.c", f"{name}.c"}

    def options(self, words: list[str]) -> None:
        if all(word[0] in "+-" for word in words):
            for word in words:
                (self.folder.options.add if word[0] == "+" else self.folder.options.discard)(
                    word[1:]
                )
            return
        self.folder.options = {word for word in words if word != "None"} or {"None"}

    def require(self, words: list[str]) -> None:
        if words[:1] == ["all"]:
            self.folder.granted = words[1:] == ["granted"]

    def alias(self, words: list[str]) -> None:
        if len(words) == 2:
            self.config.aliases.append((words[0], self.config.absolute(words[1])))

    def redirect(self, words: list[str]) -> None:
        codes = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}
        code = 302
        if words[0] in codes or words[0].isdigit():
            code = codes.get(words[0]) or int(words[0])
            words = words[1:]
        if len(words) == 2:
            self.config.redirects.append((words[0], code, words[1]))

    def header(self, words: list[str]) -> None:
        words = words[1:] if words[0] in ("always", "onsuccess") else words
        if words[:1] in (["set"], ["add"]) and len(words) == 3:
            self.config.headers.append((words[1], words[2]))

    def custom_log(self, words: list[str]) -> None:
        self.config.access_logs.append((words[0], words[1] if len(words) > 1 else COMMON))

    def log_format(self, words: list[str]) -> None:
        if len(words) > 1:
            self.config.formats[words[1]] = words[0]

    def add_type(self, words: list[str]) -> None:
        for ending in words[1:]:
            self.config.types[ending.lstrip(".")] = words[0]


def _set(field_name: str) -> Callable[[_Reader, list[str]], None]:
    return lambda reader, words: setattr(reader.config, field_name, words[0])


DIRECTIVES: dict[str, Callable[[_Reader, list[str]], None]] = {
    "listen": _Reader.listen,
    "loadmodule": _Reader.load_module,
    "serverroot": _set("server_root"),
    "servername": _set("server_name"),
    "user": _set("user"),
    "errorlog": _set("error_log"),
    "documentroot": lambda reader, words: setattr(
        reader.config, "document_root", reader.config.absolute(words[0])
    ),
    "directoryindex": lambda reader, words: setattr(reader.config, "directory_index", words),
    "keepalive": lambda reader, words: setattr(
        reader.config, "keep_alive", words[0].lower() == "on"
    ),
    "keepalivetimeout": lambda reader, words: setattr(
        reader.config, "keep_alive_timeout", float(words[0])
    ),
    "options": _Reader.options,
    "require": _Reader.require,
    "alias": _Reader.alias,
    "redirect": _Reader.redirect,
    "header": _Reader.header,
    "customlog": _Reader.custom_log,
    "logformat": _Reader.log_format,
    "addtype": _Reader.add_type,
}


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without comments, continued lines joined."""
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.endswith("\\"):
            pending += line[:-1]
            continue
        whole, pending = (pending + line).strip(), ""
        if whole and not whole.startswith("#"):
            yield start, whole
        start = 0
