"""envsubst fills templates."""

from tests.daemon.programs.network import Lan


async def test_all_variables_or_those_that_are_named(lan: Lan) -> None:
    box = lan.container("box", bin_envsubst="gnu/envsubst")
    text = b"listen ${PORT}; $HOST $uri $5\n"
    assert (await box.run("envsubst", stdin=text, PORT="80", HOST="h"))[1] == "listen 80; h  $5\n"
    out = (await box.run("envsubst", "$PORT", stdin=text, PORT="80", HOST="h"))[1]
    assert out == "listen 80; $HOST $uri $5\n"
