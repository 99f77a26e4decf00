"""node, as far as it goes, and its clear word about the rest."""

import pytest

from tests.daemon.programs.network import Lan


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["--version"], "v25.1.0\n"),
        (["-e", "console.log('hello, world', 1 + 1)"], "hello, world 2\n"),
        (["-p", "process.version"], "v25.1.0\n"),
        (
            ["-e", "console.log(JSON.stringify({a: 1, b: ['x']})); console.log(process.env.A)"],
            '{"a":1,"b":["x"]}\nb\n',
        ),
    ],
)
async def test_what_is_known(lan: Lan, words: list[str], out: str) -> None:
    box = lan.container("box", bin_node="node/node")
    assert await box.run("node", *words, A="b") == (0, out, "")


async def test_what_is_not_is_refused_by_name(lan: Lan) -> None:
    box = lan.container("box", bin_node="node/node", bin_npm="node/npm")
    code, _, err = await box.run("node", "-e", "require('http').createServer()")
    assert code == 1
    assert err.startswith(
        "[eval]: mockerd simulates no JavaScript but console.log of plain values: require"
    )
    assert (await box.run("node", "-e", "process.exit(7)"))[0] == 7
    code, _, err = await box.run("node", "nosuch.js")
    assert "Error: Cannot find module '/nosuch.js'" in err
    assert (await box.run("npm", "install"))[0] == 1
