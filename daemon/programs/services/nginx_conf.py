"""nginx's configuration language: directives and blocks, includes, and the complaints that name file and line."""

import fnmatch
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from daemon.process.process import Process

PREFIX = "/etc/nginx"
DEPTH_LIMIT = 8
KNOWN = frozenset(
    [
        "absolute_redirect",
        "accept_mutex",
        "access_log",
        "add_header",
        "add_trailer",
        "alias",
        "allow",
        "auth_basic",
        "auth_basic_user_file",
        "auth_request",
        "autoindex",
        "autoindex_exact_size",
        "autoindex_format",
        "autoindex_localtime",
        "break",
        "charset",
        "charset_types",
        "client_body_buffer_size",
        "client_body_timeout",
        "client_header_buffer_size",
        "client_header_timeout",
        "client_max_body_size",
        "daemon",
        "debug_connection",
        "default_type",
        "deny",
        "disable_symlinks",
        "env",
        "error_log",
        "error_page",
        "etag",
        "events",
        "expires",
        "fastcgi_param",
        "fastcgi_pass",
        "fastcgi_index",
        "fastcgi_split_path_info",
        "fastcgi_read_timeout",
        "geo",
        "gzip",
        "gzip_buffers",
        "gzip_comp_level",
        "gzip_disable",
        "gzip_http_version",
        "gzip_min_length",
        "gzip_proxied",
        "gzip_static",
        "gzip_types",
        "gzip_vary",
        "http",
        "http2",
        "if",
        "if_modified_since",
        "include",
        "index",
        "internal",
        "ip_hash",
        "keepalive",
        "keepalive_requests",
        "keepalive_timeout",
        "large_client_header_buffers",
        "least_conn",
        "limit_conn",
        "limit_conn_zone",
        "limit_except",
        "limit_rate",
        "limit_req",
        "limit_req_zone",
        "listen",
        "load_module",
        "location",
        "log_format",
        "log_not_found",
        "map",
        "map_hash_bucket_size",
        "map_hash_max_size",
        "master_process",
        "max_ranges",
        "merge_slashes",
        "mime",
        "msie_padding",
        "multi_accept",
        "open_file_cache",
        "pcre_jit",
        "pid",
        "port_in_redirect",
        "proxy_buffer_size",
        "proxy_buffering",
        "proxy_buffers",
        "proxy_busy_buffers_size",
        "proxy_cache",
        "proxy_cache_bypass",
        "proxy_cache_path",
        "proxy_cache_valid",
        "proxy_connect_timeout",
        "proxy_hide_header",
        "proxy_http_version",
        "proxy_intercept_errors",
        "proxy_max_temp_file_size",
        "proxy_next_upstream",
        "proxy_no_cache",
        "proxy_pass",
        "proxy_pass_header",
        "proxy_read_timeout",
        "proxy_redirect",
        "proxy_request_buffering",
        "proxy_send_timeout",
        "proxy_set_header",
        "proxy_ssl_server_name",
        "proxy_ssl_verify",
        "random",
        "real_ip_header",
        "recursive_error_pages",
        "reset_timedout_connection",
        "resolver",
        "resolver_timeout",
        "return",
        "rewrite",
        "root",
        "satisfy",
        "send_timeout",
        "sendfile",
        "server",
        "server_name",
        "server_name_in_redirect",
        "server_names_hash_bucket_size",
        "server_tokens",
        "set",
        "set_real_ip_from",
        "split_clients",
        "ssl_certificate",
        "ssl_certificate_key",
        "ssl_ciphers",
        "ssl_prefer_server_ciphers",
        "ssl_protocols",
        "ssl_session_cache",
        "ssl_session_tickets",
        "ssl_session_timeout",
        "stream",
        "stub_status",
        "sub_filter",
        "sub_filter_once",
        "tcp_nodelay",
        "tcp_nopush",
        "try_files",
        "types",
        "types_hash_bucket_size",
        "types_hash_max_size",
        "underscores_in_headers",
        "upstream",
        "use",
        "user",
        "valid_referers",
        "variables_hash_bucket_size",
        "worker_connections",
        "worker_cpu_affinity",
        "worker_priority",
        "worker_processes",
        "worker_rlimit_nofile",
        "worker_shutdown_timeout",
        "zone",
    ]
)
FREE = ("types", "map", "geo", "split_clients")
"""Blocks whose contents are data, not directives."""


class ConfigError(Exception):
    """What nginx says after [emerg]."""


@dataclass(slots=True)
class Directive:
    """A name, its words, where it stands, and what its braces hold."""

    name: str
    words: list[str]
    file: str
    line: int
    block: "list[Directive] | None" = None

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    def all(self, name: str) -> "list[Directive]":
        return [directive for directive in self.block or [] if directive.name == name]

    def one(self, name: str) -> "Directive | None":
        """The last directive of that name in this block."""
        return next(iter(reversed(self.all(name))), None)

    def value(self, name: str, default: str = "") -> str:
        """The first word of a directive in this block."""
        found = self.one(name)
        return found.words[0] if found and found.words else default


@dataclass(slots=True)
class Parser:
    """Reads a file and what it includes."""

    proc: Process

    def read(self, path: str) -> Directive:
        """The whole configuration, as a block without a name. ConfigError with nginx's words."""
        root = Directive("", [], path, 0, [])
        root.block = self._file(path, 0, checked=True)
        return root

    def _file(self, path: str, depth: int, *, checked: bool) -> list[Directive]:
        try:
            text = self.proc.machine.fs.read_bytes(path, who=self.proc.cred).decode(
                "utf-8", "replace"
            )
        except OSError as error:
            raise ConfigError(f'open() "{path}" failed ({error.errno}: {error.strerror})') from None
        tokens = _tokens(text, path)
        return self._block(tokens, path, depth, nested=False, checked=checked)

    def _block(
        self,
        tokens: Iterator[tuple[str, int]],
        path: str,
        depth: int,
        *,
        nested: bool,
        checked: bool,
    ) -> list[Directive]:
        found: list[Directive] = []
        words: list[str] = []
        start = line = 1
        for token, line in tokens:
            if token not in (";", "{", "}"):
                start = start if words else line
                words.append(token[1:])
                continue
            if token == "}":
                if words or not nested:
                    raise ConfigError(f'unexpected "}}" in {path}:{line}')
                return found
            if not words:
                raise ConfigError(f'unexpected "{token}" in {path}:{line}')
            directive = Directive(words[0], words[1:], path, start)
            words = []
            self._check(directive, checked)
            if token == "{":
                free = directive.name in FREE
                directive.block = self._block(tokens, path, depth, nested=True, checked=not free)
            found += self._included(directive, depth, checked)
        if words:
            raise ConfigError(f'unexpected end of file, expecting ";" or "}}" in {path}:{line}')
        if nested:
            raise ConfigError(f'unexpected end of file, expecting "}}" in {path}:{line}')
        return found

    def _check(self, directive: Directive, checked: bool) -> None:
        if checked and directive.name not in KNOWN:
            raise ConfigError(f'unknown directive "{directive.name}" in {directive.where}')

    def _included(self, directive: Directive, depth: int, checked: bool) -> list[Directive]:
        if directive.name != "include" or directive.block is not None or not directive.words:
            return [directive]
        if depth >= DEPTH_LIMIT:
            raise ConfigError(f"too many nested includes in {directive.where}")
        found: list[Directive] = []
        for path in self._matching(directive.words[0]):
            found += self._file(path, depth + 1, checked=checked)
        return found

    def _matching(self, pattern: str) -> list[str]:
        path = posixpath.join(PREFIX, pattern)
        if not any(char in path for char in "*?["):
            return [path]
        folder, name = posixpath.split(path)
        try:
            names = self.proc.machine.fs.listdir(folder, who=self.proc.cred)
        except OSError:
            return []
        return [f"{folder}/{n}" for n in sorted(names) if fnmatch.fnmatchcase(n, name)]


def _tokens(text: str, path: str) -> Iterator[tuple[str, int]]:
    """`;`, `{` and `}` as they are, words with a mark before them, each with its line."""
    at, line = 0, 1
    while at < len(text):
        char = text[at]
        if char == "\n":
            line += 1
        if char.isspace():
            at += 1
        elif char == "#":
            end = text.find("\n", at)
            at = len(text) if end < 0 else end
        elif char in ";{}":
            yield char, line
            at += 1
        else:
            word, end = _word(text, at, path, line)
            yield f"w{word}", line
            line += text.count("\n", at, end)
            at = end


def _word(text: str, at: int, path: str, line: int) -> tuple[str, int]:
    if text[at] in "'\"":
        quote, out, at = text[at], "", at + 1
        while at < len(text) and text[at] != quote:
            if text[at] == "\\" and text[at + 1 : at + 2] in (quote, "\\"):
                at += 1
            out += text[at]
            at += 1
        if at >= len(text):
            raise ConfigError(f'unexpected end of file, expecting ";" or "}}" in {path}:{line}')
        return out, at + 1
    start = at
    while at < len(text) and not text[at].isspace() and text[at] not in ";{}":
        # "${name}" belongs to the word, and a backslash guards what follows it.
        if text.startswith("${", at):
            at = text.find("}", at) if "}" in text[at:] else len(text) - 1
        elif text[at] == "\\":
            at += 1
        at += 1
    return text[start:at], at
