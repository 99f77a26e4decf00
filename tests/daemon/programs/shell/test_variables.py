"""What a shell holds is charged to its container: no script fills this machine's memory."""

import pytest

from tests.daemon.programs.shell.box import Box


@pytest.mark.parametrize(
    "script",
    [
        "x=a; while :; do x=$x$x; done",
        "while :; do a+=(some words to keep); done",
        "i=0; while :; do i=$((i+1)); eval v$i=value; done",
        "while :; do printf %1000s x; done | { read x; }",
        "x=$(while :; do echo 0123456789012345678901234567890123456789; done)",
    ],
)
async def test_a_hoarder_is_killed(script: str) -> None:
    box = Box(memory=2 << 20)
    try:
        status = await box.run(["bash", "-c", script])
    finally:
        await box.close()
    assert status.shell_code == 137


async def test_a_modest_script_is_not() -> None:
    box = Box(memory=2 << 20)
    try:
        loop = "i=0; while [ $i -lt 20000 ]; do x=$i; y=$(echo $x$x$x); unset x; i=$((i+100)); done"
        status = await box.run(["bash", "-c", loop])
    finally:
        await box.close()
    assert status.shell_code == 0


async def test_braces_that_would_never_end_stay_as_they_are() -> None:
    box = Box()
    try:
        script = "echo {1..100000000} {1..1000}{1..1000}{1..1000} | wc -c"
        box.install("wc")
        out, _, code = await box.shell("bash", script)
    finally:
        await box.close()
    assert code == 0
    assert len(out) < 100
