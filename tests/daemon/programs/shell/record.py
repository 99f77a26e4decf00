"""Records what real shells answer to the lines beside this file: `python record.py` rewrites lines/recorded.json.

ash is busybox in a container of the real engine that DOCKER_HOST names; dash and bash are this machine's. The
scripts are ours, the output is data.
"""

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LINES = Path(__file__).parent / "lines"
FILES = {
    "all": ("ash", "dash", "bash"),
    "ash": ("ash",),
    "dash": ("dash",),
    "bash": ("bash",),
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/root"}
DOCKER = os.environ.get("DOCKER", "docker")


def scripts(name: str) -> list[str]:
    """The scripts of one file: paragraphs separated by empty lines."""
    text = (LINES / f"{name}.txt").read_text()
    return [paragraph.strip("\n") for paragraph in text.split("\n\n") if paragraph.strip()]


def ask(flavour: str, script: str) -> dict[str, object]:
    """What the real shell says."""
    if flavour == "ash":
        command = [
            DOCKER,
            "run",
            "--rm",
            "-w",
            "/work",
            "-e",
            "HOME=/root",
            "busybox",
            "sh",
            "-c",
            script,
        ]
        ran = subprocess.run(command, capture_output=True, timeout=60, check=False)
        if ran.returncode == 125:
            raise SystemExit(os.fsdecode(ran.stderr))
    else:
        with tempfile.TemporaryDirectory() as folder:
            ran = subprocess.run(
                ["env", "-i", *(f"{k}={v}" for k, v in ENVIRONMENT.items()), flavour, "-c", script],
                capture_output=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
    return {
        "flavour": flavour,
        "script": script,
        "stdout": os.fsdecode(ran.stdout),
        "stderr": os.fsdecode(ran.stderr),
        "code": ran.returncode if ran.returncode >= 0 else 128 - ran.returncode,
    }


def main() -> None:
    asked = [
        (flavour, script)
        for name, who in FILES.items()
        for script in scripts(name)
        for flavour in who
    ]
    wanted = sys.argv[1:]
    with ThreadPoolExecutor(3) as pool:
        rows = list(
            pool.map(lambda pair: ask(*pair), [p for p in asked if not wanted or p[0] in wanted])
        )
    target = LINES / "recorded.json"
    if wanted and target.exists():
        rows += [row for row in json.loads(target.read_text()) if row["flavour"] not in wanted]
    rows.sort(key=lambda row: asked.index((row["flavour"], row["script"])))
    target.write_text(
        "[\n" + ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows) + "\n]\n"
    )


if __name__ == "__main__":
    main()
