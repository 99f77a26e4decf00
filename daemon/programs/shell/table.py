"""Which programs are shells."""

_MAIN = "daemon.programs.shell.main:main"

PROGRAMS: dict[str, str] = {
    "shell/bash": _MAIN,
    "shell/dash": _MAIN,
    "busybox/sh": _MAIN,
    "busybox/ash": _MAIN,
}
