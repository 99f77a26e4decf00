"""The few statements that a PostgreSQL without data answers: constants, settings, transactions.

That is what healthchecks, connection pools and drivers ask when they look whether a server is there.
"""

import re
from collections.abc import Callable

from daemon.programs.services.postgres_wire import BOOL, INT4, TEXT, Result

HINT = "mockerd's PostgreSQL keeps no data; forward the port to a real server, or script its behaviour."
TAGS = {
    "BEGIN": "BEGIN",
    "START": "START TRANSACTION",
    "COMMIT": "COMMIT",
    "END": "COMMIT",
    "ROLLBACK": "ROLLBACK",
    "ABORT": "ROLLBACK",
    "SET": "SET",
    "RESET": "RESET",
    "DISCARD": "DISCARD ALL",
    "DEALLOCATE": "DEALLOCATE",
    "SAVEPOINT": "SAVEPOINT",
    "RELEASE": "RELEASE",
    "LISTEN": "LISTEN",
    "UNLISTEN": "UNLISTEN",
}
UNDEFINED, UNSUPPORTED, SYNTAX = "42704", "0A000", "42601"


class SqlError(Exception):
    """A refusal: SQLSTATE, text, hint."""

    def __init__(self, state: str, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.state = state
        self.text = text
        self.hint = hint


class Session:
    """One client's view: who it is, where, and what the server says of itself."""

    def __init__(self, user: str, database: str, settings: dict[str, str], banner: str) -> None:
        self.user = user
        self.database = database
        self.settings = settings
        self.banner = banner

    def run(self, text: str) -> Result | None:
        """The answer to one statement; None to an empty one. SqlError if it is not among those that are known."""
        statement = (
            re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL).strip().rstrip(";").strip()
        )
        if not statement:
            return None
        word = statement.split()[0].upper()
        if word in TAGS:
            return Result(TAGS[word])
        if word == "SHOW":
            return self._show(statement[4:].strip().strip('"').lower())
        if word == "SELECT" and (result := self._select(statement[6:].strip())):
            return result
        if not re.fullmatch(r"[A-Za-z]+", word):
            raise SqlError(SYNTAX, f'syntax error at or near "{statement.split()[0]}"')
        raise SqlError(UNSUPPORTED, f"{word} is not simulated", HINT)

    def _show(self, name: str) -> Result:
        name = {"transaction isolation level": "transaction_isolation"}.get(name, name)
        if name not in self.settings:
            raise SqlError(UNDEFINED, f'unrecognized configuration parameter "{name}"')
        return Result("SHOW", ((name, TEXT),), ((self.settings[name],),))

    def _select(self, text: str) -> Result | None:
        columns, row = [], []
        for item in text.split(","):
            expression, _, alias = re.sub(r"(?i)\s+as\s+", "\0", item.strip()).partition("\0")
            cell = self._constant(expression.strip())
            if cell is None:
                return None
            name, kind, value = cell
            columns.append((alias.strip('" ') or name, kind))
            row.append(value)
        return Result(f"SELECT {1 if row else 0}", tuple(columns), (tuple(row),))

    def _constant(self, text: str) -> tuple[str, int, str] | None:
        text = re.sub(r"(?i)^pg_catalog\.", "", re.sub(r"::\w+$", "", text))
        if re.fullmatch(r"-?\d+", text):
            return "?column?", INT4, text
        if match := re.fullmatch(r"'((?:[^']|'')*)'", text):
            return "?column?", TEXT, match[1].replace("''", "'")
        if text.lower() in ("true", "false"):
            return "bool", BOOL, text[0].lower()
        if match := re.fullmatch(r"(\d+)\s*\+\s*(\d+)", text):
            return "?column?", INT4, str(int(match[1]) + int(match[2]))
        function = re.sub(r"\(\s*\)$", "", text).lower()
        if function in FUNCTIONS:
            return function, TEXT, FUNCTIONS[function](self)
        return None


FUNCTIONS: dict[str, Callable[[Session], str]] = {
    "version": lambda session: session.banner,
    "current_user": lambda session: session.user,
    "session_user": lambda session: session.user,
    "user": lambda session: session.user,
    "current_database": lambda session: session.database,
    "current_schema": lambda session: "public",
    "pg_is_in_recovery": lambda session: "f",
}
