"""The environment that dockerd and runc give a process: their defaults, what was asked for, and HOME."""

from collections.abc import Iterable

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def environment(
    asked: Iterable[str], *, hostname: str, tty: bool, home: str, links: Iterable[str] = ()
) -> dict[str, str]:
    """In the order in which `env` prints it; a variable asked for without a value is removed."""
    defaults = [DEFAULT_PATH, f"HOSTNAME={hostname}", *(["TERM=xterm"] if tty else []), *links]
    return with_home(replaced(dict(_split(item) for item in defaults), asked), home)


def replaced(base: dict[str, str], asked: Iterable[str]) -> dict[str, str]:
    """`base` with what was asked for: replaced in place, appended, or (no equals sign) taken out."""
    result = dict(base)
    for item in asked:
        name, equals, value = item.partition("=")
        if equals:
            result[name] = value
        else:
            result.pop(name, None)
    return result


def with_home(variables: dict[str, str], home: str) -> dict[str, str]:
    return variables if variables.get("HOME") else {**variables, "HOME": home}


def _split(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value
