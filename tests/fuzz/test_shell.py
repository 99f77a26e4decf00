"""Random scripts give the same output and status on busybox ash (this machine's, in an empty folder) and here.

The grammar has builtins and plain file names only, so that a script can harm nothing but its folder.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.daemon.programs.shell.box import Box

BUSYBOX = shutil.which("busybox")
pytestmark = pytest.mark.skipif(BUSYBOX is None, reason="needs busybox")

NAMES = st.sampled_from(["x", "y", "z", "list"])
FILES = st.sampled_from(["f1", "f2", "d.txt"])
TEXTS = st.sampled_from(
    [
        "a",
        "b c",
        "",
        "1",
        "42",
        "*",
        "f*",
        "-n",
        "a:b:c",
        "  pad ",
        "x=1",
        "\\",
        "[ab]",
        "tab\there",
    ]
)
PATTERNS = st.sampled_from(["*", "a*", "*c", "?", "[a-c]*", "b c", "''", "[!0-9]", "42|a"])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def parameters(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        NAMES.map("${}".format),
        NAMES.map(lambda name: f"${{{name}}}"),
        NAMES.map(lambda name: f"${{#{name}}}"),
        st.sampled_from(["$?", "$#", "$1", "$2", '"$@"', "$*", '"$*"', "$@"]),
        st.tuples(NAMES, st.sampled_from([":-", "-", ":+", "+", ":=", "="]), words).map(
            lambda t: f"${{{t[0]}{t[1]}{t[2]}}}"
        ),
        st.tuples(
            NAMES,
            st.sampled_from(["#", "##", "%", "%%"]),
            st.sampled_from(["*", "a*", "*:", "?", "b*"]),
        ).map(lambda t: f"${{{t[0]}{t[1]}{t[2]}}}"),
    )


ARITHMETIC = st.recursive(
    st.one_of(st.integers(0, 20).map(str), NAMES),
    lambda inner: st.one_of(
        st.tuples(
            inner,
            st.sampled_from(["+", "-", "*", "<", ">", "==", "&&", "||", "&", "|", "^", "<<"]),
            inner,
        ).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map("!{}".format),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
    ),
    max_leaves=4,
)
SIMPLE_WORDS = st.one_of(
    TEXTS.map(quoted),
    st.sampled_from(["a", "b", "f*", "a:b", "1", "~x", "{a,b}", "a\\ b"]),
    NAMES.map("${}".format),
    NAMES.map('"${}"'.format),
)
WORDS = st.one_of(
    SIMPLE_WORDS,
    parameters(SIMPLE_WORDS),
    parameters(SIMPLE_WORDS).map(lambda text: '"' + text.replace('"', "") + '"'),
    ARITHMETIC.map("$(({}))".format),
    st.tuples(SIMPLE_WORDS, SIMPLE_WORDS).map("".join),
    SIMPLE_WORDS.map("$(echo {})".format),
    SIMPLE_WORDS.map('"$(printf %s {})"'.format),
    SIMPLE_WORDS.map("`echo {}`".format),
)
SIMPLE = st.one_of(
    st.lists(WORDS, max_size=3).map(lambda words: " ".join(["echo", *words])),
    st.lists(WORDS, min_size=1, max_size=3).map(
        lambda words: " ".join(["printf '<%s>'", *words]) + "; echo"
    ),
    st.tuples(NAMES, WORDS).map("=".join),
    st.lists(WORDS, max_size=3).map(lambda words: " ".join(["set --", *words])),
    st.tuples(WORDS, st.sampled_from(["=", "!="]), WORDS).map(
        lambda t: f'[ "x"{t[0]} {t[1]} "x"{t[2]} ]'
    ),
    st.sampled_from(
        [
            "true",
            "false",
            ":",
            "shift 2>/dev/null",
            "unset x",
            "IFS=:",
            "unset IFS",
            "set -f",
            "set +f",
        ]
    ),
    st.tuples(WORDS, FILES).map(lambda t: f"echo {t[0]} > {t[1]}"),
    st.tuples(WORDS, FILES).map(lambda t: f"echo {t[0]} >> {t[1]}"),
    FILES.map("cat {} 2>/dev/null".format),
    st.tuples(FILES, NAMES).map(lambda t: f"[ -f {t[0]} ] && read {t[1]} y < {t[0]}"),
    st.tuples(WORDS, NAMES, NAMES).map(
        lambda t: f'echo {t[0]} | {{ read -r {t[1]} {t[2]}; echo "$x|$y"; }}'
    ),
    NAMES.map(lambda name: f"eval 'echo \"${name}\"'"),
    st.tuples(WORDS, WORDS).map(lambda t: f"cat <<EOF\n{t[0]} $x\nEOF\n"),
    st.sampled_from(
        [
            *("return 3 2>/dev/null; :", "(exit 4)", "exit 5", "break", "continue", "set -e", "f"),
            *("set +e", "trap 'echo T$?' EXIT", "trap - EXIT", "set -u", "set +u", "readonly y"),
            *("export x", "g() { local x=in; echo $x; }; g", "x=$x$x", ": $((y += 1))"),
            *("getopts ab: x && echo $x$OPTARG$OPTIND", "echo ${x:1:2} ${x/a/b} ${x//[ab]}"),
            "sleep 0 & wait",
        ]
    ),
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def block(text: str) -> str:
        return text if text.endswith("\n") else text + ";"

    def group(text: str) -> str:
        return f"{{ {block(text)} }}"

    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
            lambda t: f"{group(t[0])} {t[1]} {t[2]}"
        ),
        st.tuples(inner, inner).map(lambda t: f"if {block(t[0])} then {block(t[1])} fi"),
        st.tuples(inner, inner, inner).map(
            lambda t: f"if {block(t[0])} then {block(t[1])} else {block(t[2])} fi"
        ),
        st.tuples(NAMES, st.lists(WORDS, max_size=3), inner).map(
            lambda t: f"for {t[0]} in {' '.join(t[1])}; do {block(t[2])} done"
        ),
        st.tuples(WORDS, PATTERNS, inner, inner).map(
            lambda t: (
                f"case {t[0]} in {t[1]}) {block(t[2]).rstrip(';')}\n;; *) {block(t[3]).rstrip(';')}\n;; esac"
            )
        ),
        inner.map(lambda text: f'k=1; while [ "$k" ]; do k=; {block(text)} done'),
        inner.map(lambda text: f"({text})" if not text.endswith("\n") else f"({text}\n)"),
        inner.map(lambda text: f"{{ {block(text)} }}"),
        st.tuples(inner, st.lists(WORDS, max_size=2)).map(
            lambda t: f"f() {{ {block(t[0])} }}; f {' '.join(t[1])}"
        ),
        inner.map(lambda text: f"x=$( {text})" if not text.endswith("\n") else f"x=$( {text}\n)"),
        inner.map(lambda text: f"! {{ {block(text)} }}"),
        inner.map(lambda text: f"{group(text)} | cat"),
    )


COMMANDS = st.recursive(SIMPLE, compound, max_leaves=6)


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """A few commands, and the status of the last one."""
    return "\n".join([*draw(st.lists(COMMANDS, min_size=1, max_size=5)), "echo end $?"])


def real(script: str) -> tuple[str, int]:
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [str(BUSYBOX), "sh", "-c", script],
            capture_output=True,
            cwd=folder,
            env={"PATH": "/nonexistent", "HOME": "/root"},
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    code = ran.returncode
    return os.fsdecode(ran.stdout), code if code >= 0 else 128 - code


async def ours(script: str) -> tuple[str, int]:
    box = Box()
    try:
        out, _, code = await box.shell("ash", script)
    finally:
        await box.close()
    return out, code


@settings(max_examples=150, deadline=None)
@given(scripts())
@example("f() { f; }; f \necho end $?")
@example("{ z='b c'; } && cat <<EOF\n$((z)) $x\nEOF\n\necho end $?")
def test_random_scripts_agree_with_busybox(script: str) -> None:
    assert asyncio.run(ours(script)) == real(script)
