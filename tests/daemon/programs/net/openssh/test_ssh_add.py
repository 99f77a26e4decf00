"""ssh-add: words and exit codes of OpenSSH 9.2, and what the agent is asked."""

import base64
from collections.abc import Awaitable, Callable

import pytest

from daemon.programs.net.openssh.keys import BEGIN, END, MAGIC
from daemon.programs.net.openssh.wire import string
from tests.daemon.programs.net.openssh.agents import ECDSA, ED25519, SOCKET, SUCCESS, Agent
from tests.daemon.programs.network import Container, Lan

Said = tuple[int, str, str]
SshAdd = Callable[..., Awaitable[Said]]
REFUSED = "agent refused operation"


def private_file(comment: str = "", cipher: bytes = b"none") -> str:
    """A key of 64 zeros in OpenSSH's own format."""
    public = base64.b64decode(ED25519)
    numbers = public + string(bytes(64)) + string(comment.encode())
    inner = bytes(8) + numbers
    data = MAGIC + string(cipher) + string(cipher) + string(b"") + b"\0\0\0\1"
    encoded = base64.encodebytes(data + string(public) + string(inner))
    return f"{BEGIN.decode()}\n{encoded.decode()}{END.decode()}\n"


@pytest.fixture
def agent() -> Agent:
    return Agent(**{"me@host": ED25519, "ec@host": ECDSA})


@pytest.fixture
async def box(lan: Lan) -> Container:
    return lan.container("box", **{"bin_ssh-add": "openssh/ssh-add"})


@pytest.fixture
async def ssh_add(box: Container, agent: Agent) -> SshAdd:
    box.install("/bin/agent", agent.main)
    await (await box.start("agent")).said("listening")

    async def run(*words: str, stdin: bytes = b"") -> Said:
        return await box.run("ssh-add", *words, stdin=stdin, SSH_AUTH_SOCK=SOCKET, HOME="/root")

    return run


LISTS = {
    "-l": "256 SHA256:VhlEyy/ICqJeCKGJTD2nnGNjNiF+8ishm1nQ4veaP0Q me@host (ED25519)\n"
    "256 SHA256:9ldgLNhz15WzBU/Q4Wkk7HZ/pGbd7NNqIz08hH/EaKk ec@host (ECDSA)\n",
    "-lEmd5": "256 MD5:ee:10:ba:29:63:ad:30:7a:13:48:83:65:90:a1:fb:b0 me@host (ED25519)\n"
    "256 MD5:51:85:f7:d3:1a:49:ce:4e:12:f5:6e:7f:68:4d:36:22 ec@host (ECDSA)\n",
    "-L": f"ssh-ed25519 {ED25519} me@host\necdsa-sha2-nistp256 {ECDSA} ec@host\n",
}


@pytest.mark.parametrize("option", LISTS)
async def test_the_keys_of_the_agent_are_listed(ssh_add: SshAdd, option: str) -> None:
    assert await ssh_add(option) == (0, LISTS[option], "")


async def test_an_agent_without_keys(ssh_add: SshAdd, agent: Agent) -> None:
    agent.keys.clear()
    assert await ssh_add("-l") == (1, "The agent has no identities.\n", "")


async def test_keys_of_unknown_kinds_are_passed_over(ssh_add: SshAdd, agent: Agent) -> None:
    agent.keys["me@host"] = string(b"ssh-new") + string(b"x")
    assert await ssh_add("-L") == (0, f"ecdsa-sha2-nistp256 {ECDSA} ec@host\n", "")


NO_AGENT = "Could not open a connection to your authentication agent.\n"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, NO_AGENT),
        ({"SSH_AUTH_SOCK": ""}, NO_AGENT),
        ({"SSH_AUTH_SOCK": "/nope"}, "Error connecting to agent: No such file or directory\n"),
        ({"SSH_AUTH_SOCK": "/etc/hosts"}, "Error connecting to agent: Connection refused\n"),
    ],
)
async def test_no_agent(box: Container, environment: dict[str, str], said: str) -> None:
    assert await box.run("ssh-add", "-z", **environment) == (2, "", said)


async def test_what_no_agent_would_answer(ssh_add: SshAdd, agent: Agent) -> None:
    agent.keys["x"] = b"\0" * 300_000
    said = "error fetching identities: invalid format\n"
    assert await ssh_add("-l") == (1, "", said)


WRONG = {
    ("-l", "-L"): (255, "-l flag already specified\r\n"),
    ("-lD",): (255, "Invalid combination of actions\r\n"),
    ("-lE", "foo"): (255, 'Invalid hash algorithm "foo"\r\n'),
    ("-t", "foo", "-l"): (1, "Invalid lifetime\n"),
    ("-T",): (255, "no keys to test\r\n"),
    ("-h", "foo", "/key"): (255, 'No host keys found for destination "foo"\r\n'),
    ("/nope",): (1, "/nope: No such file or directory\n"),
    ("/pub",): (1, 'Error loading key "/pub": error in libcrypto\n'),
    ("-d", "/nope"): (1, "Bad key file /nope: No such file or directory\n"),
    ("-T", "/nope"): (1, "Couldn't read public key /nope: No such file or directory\r\n"),
    (): (1, ""),
    ("-d",): (1, ""),
}


@pytest.mark.parametrize("words", WRONG)
async def test_what_cannot_be_done(ssh_add: SshAdd, box: Container, words: tuple[str, ...]) -> None:
    box.write("/pub", f"ssh-ed25519 {ED25519} me\n", 0o600)
    code, said = WRONG[words]
    assert await ssh_add(*words) == (code, "", said)


@pytest.mark.parametrize(
    ("word", "said"),
    [("-z", "unknown option -- z"), ("-t", "option requires an argument -- t")],
)
async def test_a_wrong_option_is_named_above_the_usage(
    ssh_add: SshAdd, word: str, said: str
) -> None:
    code, out, err = await ssh_add(word)
    assert (code, out) == (1, "")
    assert err.startswith(f"{said}\r\nusage: ssh-add ")


REFUSALS = {
    ("-D",): "Failed to remove all identities.\n",
    ("-d", "/key"): f'Could not remove identity "/key": {REFUSED}\n',
    ("-T", "/key"): f"Agent signature failed for /key: {REFUSED}\r\n",
    ("/key",): f'Could not add identity "/key": {REFUSED}\n',
    ("-x",): f"Enter lock password: Again: Failed to lock agent: {REFUSED}\n",
    ("-X",): f"Enter lock password: Failed to unlock agent: {REFUSED}\n",
    ("-s", "/lib"): f'Enter passphrase for PKCS#11: Could not add card "/lib": {REFUSED}\n',
    ("-e", "/lib"): f'Could not remove card "/lib": {REFUSED}\n',
}


@pytest.mark.parametrize("words", REFUSALS)
async def test_what_the_agent_refuses(
    ssh_add: SshAdd, box: Container, words: tuple[str, ...]
) -> None:
    box.write("/key", private_file("me"), 0o600)
    assert await ssh_add(*words) == (1, "", REFUSALS[words])


DONE = {
    ("-D",): "All identities removed.\n",
    ("-d", "/key"): "Identity removed: /key ED25519 (me)\n",
    ("/key",): "Identity added: /key (me)\n",
    ("-t", "1h30", "-c", "/key"): "Identity added: /key (me)\nLifetime set to 3630 seconds\n"
    "The user must confirm each use of the key\n",
    ("-q", "/key"): "",
    ("-X",): "Enter lock password: Agent unlocked.\n",
}


@pytest.mark.parametrize("words", DONE)
async def test_what_the_agent_does(
    ssh_add: SshAdd, box: Container, agent: Agent, words: tuple[str, ...]
) -> None:
    agent.answers = dict.fromkeys((17, 18, 19, 23, 25), SUCCESS)
    box.write("/key", private_file("me"), 0o600)
    assert await ssh_add(*words) == (0, "", DONE[words])


async def test_a_key_is_added_whole_and_within_bounds(
    ssh_add: SshAdd, box: Container, agent: Agent
) -> None:
    box.write("/key", private_file(), 0o600)
    await ssh_add("/key")
    await ssh_add("-t", "5", "-c", "/key")
    numbers = base64.b64decode(ED25519) + string(bytes(64)) + string(b"/key")
    assert agent.requests == [b"\x11" + numbers, b"\x19" + numbers + b"\1\0\0\0\5\2"]


async def test_the_keys_of_the_home_folder_are_added(ssh_add: SshAdd, box: Container) -> None:
    box.write("/root/.ssh/id_ed25519", private_file("me"), 0o600)
    said = f'Could not add identity "/root/.ssh/id_ed25519": {REFUSED}\n'
    assert await ssh_add() == (1, "", said)


async def test_a_key_that_others_may_read_is_ignored(ssh_add: SshAdd, box: Container) -> None:
    box.write("/key", private_file("me"), 0o644)
    code, _, err = await ssh_add("/key")
    assert code == 1
    assert "\r\nPermissions 0644 for '/key' are too open.\r\n" in err


async def test_a_key_behind_a_passphrase_asks_for_it(ssh_add: SshAdd, box: Container) -> None:
    box.write("/key", private_file("me", b"aes256-ctr"), 0o600)
    said = "Enter passphrase for /key: Bad passphrase, try again for /key: "
    assert await ssh_add("/key", stdin=b"wrong\n\n") == (1, "", said)


async def test_what_is_signed_is_the_agents_affair(
    ssh_add: SshAdd, box: Container, agent: Agent
) -> None:
    agent.answers[13] = b"\x0e" + string(string(b"ssh-ed25519") + string(bytes(64)))
    box.write("/key.pub", f"ssh-ed25519 {ED25519} me\n")
    assert await ssh_add("-T", "/key") == (0, "", "")
