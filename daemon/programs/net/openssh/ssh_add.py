"""ssh-add: what keys the agent has, and what it is asked to do with them."""

import os
import re
import struct

from daemon.process.process import Process
from daemon.programs.net.openssh import keys
from daemon.programs.net.openssh.agent import (
    CONFIRM,
    LIFETIME,
    Agent,
    AgentError,
    NoAgent,
    the_agent,
)
from daemon.programs.net.openssh.kit import End, Fatal, asked, getopt, log, program
from daemon.programs.tools.kit import read_all, reason
from daemon.programs.tools.options import Options

LETTERS = "vqkcdDlLTxXE:t:H:h:S:s:e:"
ACTIONS = ("lL", "xX")
"""Each pair is one action in two ways; it may be asked for once."""
DEFAULT_FILES = ("rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "dsa")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
CHALLENGE = bytes(range(48))
FRAME = "@" * 59
TOO_OPEN = (
    f"{FRAME}\n@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\n{FRAME}\n"
    "Permissions {mode:04o} for '{path}' are too open.\n"
    "It is required that your private key files are NOT accessible by others.\n"
    "This private key will be ignored.\n"
)


@program("ssh-add [-cDdkLlqTvXx] [-E fingerprint_hash] [-t life] [file ...]", 1)
async def ssh_add(proc: Process) -> int:
    try:
        async with the_agent(proc) as agent:
            return await _Request(proc, agent, getopt(proc.argv[1:], LETTERS)).run()
    except NoAgent as error:
        raise End(str(error), 2) from None


class _Request:
    """One command line."""

    def __init__(self, proc: Process, agent: Agent, options: Options) -> None:
        self.proc = proc
        self.agent = agent
        self.options = options
        self.hash = options.value("E", "SHA256").upper()
        self.lifetime = _seconds(options.value("t", "0"))
        self.destination = options.value("h")
        if self.hash not in keys.HASHES:
            raise Fatal(f'Invalid hash algorithm "{options.value("E")}"')

    def _given(self, letters: str) -> str:
        """Which of them was given, if any."""
        given = [name for name, _ in self.options.given if name in letters]
        if len(given) > 1:
            raise Fatal(f"-{given[0]} flag already specified")
        return given[0] if given else ""

    async def run(self) -> int:
        listing, locking = (self._given(letters) for letters in ACTIONS)
        if (listing != "") + (locking != "") + ("D" in self.options) > 1:
            raise Fatal("Invalid combination of actions")
        if locking:
            return await self._lock(unlock=locking == "X")
        if listing:
            return await self._list(listing)
        if "D" in self.options:
            return await self._remove_all()
        if "s" in self.options or "e" in self.options:
            return await self._card()
        if "T" in self.options and not self.options.args:
            raise Fatal("no keys to test")
        return await self._files()

    async def _files(self) -> int:
        action = self._add
        if "T" in self.options:
            action = self._test
        elif "d" in self.options:
            action = self._remove
        if self.destination and action == self._add:
            raise Fatal(f'No host keys found for destination "{self.destination}"')
        files = self.options.args or self._default_files()
        failed = not files
        for path in files:
            failed = not await action(path) or failed
        return int(failed)

    def _default_files(self) -> list[str]:
        folder = f"{self.proc.env.get('HOME', '/')}/.ssh"
        paths = [f"{folder}/id_{kind}" for kind in DEFAULT_FILES]
        return [path for path in paths if self.proc.access(path, os.F_OK)]

    async def _say(self, text: str) -> None:
        if "q" not in self.options:
            await self.proc.err(f"{text}\n")

    # --- the agent as a whole

    async def _list(self, letter: str) -> int:
        try:
            found = await self.agent.identities()
        except AgentError as error:
            raise End(f"error fetching identities: {error}", 1) from None
        if not found:
            await self.proc.out("The agent has no identities.\n")
            return 1
        for identity in found:
            if key := keys.known(*identity):
                shown = key.described(self.hash) if letter == "l" else key.line
                await self.proc.out(f"{shown}\n")
        return 0

    async def _remove_all(self) -> int:
        try:
            await self.agent.remove_all()
        except AgentError:
            raise End("Failed to remove all identities.", 1) from None
        await self._say("All identities removed.")
        return 0

    async def _lock(self, *, unlock: bool) -> int:
        password = await asked(self.proc, "Enter lock password: ")
        if not unlock and await asked(self.proc, "Again: ") != password:
            raise End("Passwords do not match.", 1)
        prefix = "un" if unlock else ""
        try:
            await self.agent.lock(password, unlock=unlock)
        except AgentError as error:
            raise End(f"Failed to {prefix}lock agent: {error}", 1) from None
        await self.proc.err(f"Agent {prefix}locked.\n")
        return 0

    async def _card(self) -> int:
        """A card's keys are known to the agent by the library that drives it."""
        card = self.options.value("e") or self.options.value("s")
        verb, pin = "remove", ""
        if "e" not in self.options:
            verb, pin = "add", await asked(self.proc, "Enter passphrase for PKCS#11: ")
        try:
            await self.agent.card(card, pin, remove=verb == "remove")
        except AgentError as error:
            raise End(f'Could not {verb} card "{card}": {error}', 1) from None
        await self._say(f"Card {'removed' if verb == 'remove' else 'added'}: {card}")
        return 0

    # --- single keys; each says whether it went well

    async def _complain(self, text: str) -> bool:
        await self.proc.err(f"{text}\n")
        return False

    async def _test(self, path: str) -> bool:
        try:
            key = await keys.public_key(self.proc, path)
            await self.agent.sign(key.data, CHALLENGE)
        except keys.NoKey as error:
            await log(self.proc, f"Couldn't read public key {path}: {error}")
        except AgentError as error:
            await log(self.proc, f"Agent signature failed for {path}: {error}")
        else:
            return True
        return False

    async def _remove(self, path: str) -> bool:
        try:
            key = await keys.public_key(self.proc, path)
            await self.agent.remove(key.data)
        except keys.NoKey as error:
            return await self._complain(f"Bad key file {path}: {error}")
        except AgentError as error:
            return await self._complain(f'Could not remove identity "{path}": {error}')
        await self._say(f"Identity removed: {path} {key.kind} ({key.comment or path})")
        return True

    async def _add(self, path: str) -> bool:
        if path != "-" and not await self._is_private(path):
            return False
        shown = "(stdin)" if path == "-" else path
        try:
            key = keys.private_key(await read_all(self.proc, path))
            await self.agent.add(key.named(shown), self._constraints())
        except keys.Encrypted:
            return await self._ask_passphrase(shown)
        except keys.NoKey as error:
            return await self._complain(f'Error loading key "{shown}": {error}')
        except AgentError as error:
            return await self._complain(f'Could not add identity "{shown}": {error}')
        await self._say(f"Identity added: {shown} ({key.public.comment or shown})")
        if self.lifetime:
            await self._say(f"Lifetime set to {self.lifetime} seconds")
        if "c" in self.options:
            await self._say("The user must confirm each use of the key")
        return True

    async def _is_private(self, path: str) -> bool:
        try:
            stat = self.proc.stat(path)
            self.proc.fs.access(path, os.R_OK, who=self.proc.cred, cwd=self.proc.cwd)
        except OSError as error:
            return await self._complain(f"{path}: {reason(error)}")
        mode = stat.mode & 0o777
        if stat.uid == self.proc.cred.uid and mode & 0o077:
            await log(self.proc, TOO_OPEN.format(mode=mode, path=path))
            return False
        return True

    def _constraints(self) -> bytes:
        lifetime = LIFETIME + struct.pack(">I", self.lifetime) if self.lifetime else b""
        return lifetime + (CONFIRM if "c" in self.options else b"")

    async def _ask_passphrase(self, shown: str) -> bool:
        """Nothing here opens a key with its passphrase: whatever is typed is not the one."""
        confirm = " (will confirm each use)" if "c" in self.options else ""
        question = f"Enter passphrase for {shown}{confirm}: "
        while await asked(self.proc, question):
            question = f"Bad passphrase, try again for {shown}{confirm}: "
        return False


def _seconds(text: str) -> int:
    """A lifetime as sshd_config has it: `1h30m`, or seconds."""
    if not re.fullmatch(r"(\d+[smhdw]?)+", text.lower()):
        raise End("Invalid lifetime", 1)
    parts = re.findall(r"(\d+)([smhdw]?)", text.lower())
    return sum(int(number) * UNITS[unit] for number, unit in parts)
