"""The environment that dockerd and runc give a process: their defaults, what was asked for, and HOME."""

from collections.abc import Iterable

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def variables(
    asked: Iterable[str], *, hostname: str, tty: bool, links: Iterable[str] = ()
) -> dict[str, str]:
    """In the order in which `env` prints them; one that is asked for without a value is removed."""
    defaults = [DEFAULT_PATH, f"HOSTNAME={hostname}", *(["TERM=xterm"] if tty else []), *links]
    return replaced(dict(_split(item) for item in defaults), asked)


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
    """runc adds HOME at the end if nobody has set it."""
    return variables if variables.get("HOME") else {**variables, "HOME": home}


def _split(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value
