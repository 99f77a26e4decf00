"""Records what real tools answer to the commands in cases/*.txt, as cases/*.json beside them.

    python tests/daemon/programs/tools/record.py [--busybox PATH] [TOPIC ...]

The GNU flavour is the Debian that this runs on (coreutils, grep, sed, findutils, mawk ...), the busybox flavour a
static busybox, by default the one in PATH; both run in an empty folder with an environment of PATH and HOME only.

A .txt file has lines of these kinds: `file NAME TEXT` (for the commands that follow; escapes as in Python, no TEXT for
none), `stdin TEXT`, `only gnu`, `only busybox`, `both`, `reset` (no files, no stdin), `$ COMMAND ;; COMMAND` (words quoted
as in a shell; all commands of a line run in the same folder), and comments with #.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = Path(__file__).parent / "cases"


def text_of(words: str) -> str:
    return words.encode("latin-1", "backslashreplace").decode("unicode_escape")


def read_cases(path: Path) -> list[dict[str, object]]:
    files: dict[str, str] = {}
    stdin, flavours = "", ["busybox", "gnu"]
    cases: list[dict[str, object]] = []
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "file":
            name, _, text = rest.partition(" ")
            files[name] = text_of(text)
        elif kind == "stdin":
            stdin = text_of(rest)
        elif kind in ("only", "both"):
            flavours = [rest] if kind == "only" else ["busybox", "gnu"]
        elif kind == "reset":
            files, stdin = {}, ""
        elif kind == "$":
            commands = [shlex.split(part) for part in rest.split(" ;; ")]
            for flavour in flavours:
                cases.append(
                    {"flavour": flavour, "commands": commands, "files": dict(files), "stdin": stdin}
                )
        elif line and kind != "#":
            raise SystemExit(f"{path}: {line!r}?")
    return cases


def run(case: dict[str, object], search: str) -> list[dict[str, object]]:
    folder = tempfile.mkdtemp()
    try:
        for name, text in case["files"].items():
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not name.endswith("/"):
                target.write_bytes(text.encode("latin-1"))
            else:
                target.mkdir(exist_ok=True)
        return [command(argv, str(case["stdin"]), folder, search) for argv in case["commands"]]
    finally:
        shutil.rmtree(folder)


def answered(case: dict[str, object], search: str) -> bool:
    """Put the answers into `case`; False for a program that this flavour does not have here."""
    try:
        case["results"] = run(case, search)
    except LookupError as missing:
        sys.stdout.write(f"no {missing} in {case['flavour']}\n")
        return False
    return True


def command(argv: list[str], stdin: str, folder: str, search: str) -> dict[str, object]:
    program = shutil.which(argv[0], path=search)
    if program is None:
        raise LookupError(argv[0])
    done = subprocess.run(
        argv,
        executable=program,
        input=stdin.encode("latin-1"),
        cwd=folder,
        env={"PATH": search, "HOME": "/root"},
        capture_output=True,
        timeout=20,
        check=False,
    )
    stderr = done.stderr.decode("latin-1").replace("\r", "")
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    first = stderr.partition("\n")[0]
    return {"stdout": done.stdout.decode("latin-1"), "complaint": first, "code": code}


def busybox_folder(binary: str) -> str:
    folder = tempfile.mkdtemp()
    listed = subprocess.run([binary, "--list"], capture_output=True, text=True, check=True)
    for name in {*listed.stdout.split(), "busybox"}:
        os.symlink(binary, os.path.join(folder, name))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--busybox", default=shutil.which("busybox"))
    parser.add_argument("topics", nargs="*")
    options = parser.parse_args()
    applets = busybox_folder(options.busybox)
    search = {"busybox": applets, "gnu": "/usr/bin:/bin:/usr/sbin:/sbin"}
    try:
        for path in sorted(CASES.glob("*.txt")):
            if options.topics and path.stem not in options.topics:
                continue
            cases = read_cases(path)
            done = [case for case in cases if answered(case, search[str(case["flavour"])])]
            rows = ",\n".join(json.dumps(case, sort_keys=True) for case in done)
            path.with_suffix(".json").write_text(f"[\n{rows}\n]\n")
            sys.stdout.write(f"{path.stem}: {len(done)} cases\n")
    finally:
        shutil.rmtree(applets)


if __name__ == "__main__":
    main()
