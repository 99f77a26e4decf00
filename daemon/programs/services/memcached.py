"""memcached: the text protocol's everyday commands over a dictionary."""

from dataclasses import dataclass
from itertools import pairwise

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.process.status import ProcessExit
from daemon.programs.services.http_server import accept_for_ever

PORT = 11211
VALUE_LIMIT = 1 << 20
STORES = ("set", "add", "replace", "append", "prepend", "cas")


@dataclass(slots=True)
class Item:
    """A value with its flags, when it ends (0 never) and its version."""

    data: bytes
    flags: int
    expires: float
    cas: int


class Cache:
    """What all connections share."""

    def __init__(self, proc: Process) -> None:
        self.proc = proc
        self.items: dict[bytes, Item] = {}
        self.version = 0

    def get(self, key: bytes) -> Item | None:
        item = self.items.get(key)
        if (
            item is not None
            and item.expires
            and item.expires <= self.proc.machine.clock.monotonic()
        ):
            del self.items[key]
            return None
        return item

    def store(self, verb: str, words: list[bytes], data: bytes) -> bytes:
        """set, add, replace, append, prepend and cas."""
        key, flags, seconds = words[0], int(words[1]), int(words[2])
        old = self.get(key)
        if (verb == "add" and old) or (verb in ("replace", "append", "prepend") and not old):
            return b"NOT_STORED"
        if verb == "cas" and old is None:
            return b"NOT_FOUND"
        if verb == "cas" and old is not None and len(words) > 4 and old.cas != int(words[4]):
            return b"EXISTS"
        if old is not None and verb in ("append", "prepend"):
            data = old.data + data if verb == "append" else data + old.data
            flags = old.flags
        self.proc.charge(len(data) - (len(old.data) if old else 0))
        self.version += 1
        until = self.proc.machine.clock.monotonic() + seconds if seconds > 0 else 0.0
        self.items[key] = Item(data, flags, until, self.version)
        return b"STORED"

    def count(self, key: bytes, change: int) -> bytes:
        """incr and decr."""
        item = self.get(key)
        if item is None:
            return b"NOT_FOUND"
        if not item.data.isdigit():
            return b"CLIENT_ERROR cannot increment or decrement non-numeric value"
        item.data = str(max(0, int(item.data) + change) % (1 << 64)).encode()
        return item.data

    def remove(self, key: bytes) -> bytes:
        if self.get(key) is None:
            return b"NOT_FOUND"
        self.proc.uncharge(len(self.items.pop(key).data))
        return b"DELETED"


async def memcached(proc: Process) -> int:
    words = proc.argv[1:]
    if {"-V", "--version"} & set(words):
        await proc.out(f"memcached {version(proc)}\n")
        return 0
    port = next((int(after) for word, after in pairwise(words) if word == "-p"), PORT)
    listener = await proc.listen(port, "::")
    proc.on_signal(Signal.SIGTERM, _leave)
    proc.on_signal(Signal.SIGINT, _leave)
    cache = Cache(proc)

    async def connection(child: Process, fd: int) -> int:
        await Client(child, fd, cache).run()
        return 0

    await accept_for_ever(proc, [listener], connection)
    return 0


def _leave(_signum: int) -> None:
    raise ProcessExit(0)


def version(proc: Process) -> str:
    return proc.env.get("MEMCACHED_VERSION", "1.6.39")


class Client:
    """One connection."""

    def __init__(self, proc: Process, fd: int, cache: Cache) -> None:
        self.proc = proc
        self.fd = fd
        self.cache = cache
        self.buffer = b""

    async def run(self) -> None:
        while (line := await self._until(b"\r\n")) is not None:
            words = line.split()
            if not words:
                await self._say(b"ERROR")
            elif words[0] == b"quit":
                return
            else:
                await self._command(words[0].decode("ascii", "replace"), words[1:])

    async def _until(self, end: bytes) -> bytes | None:
        while end not in self.buffer and len(self.buffer) < VALUE_LIMIT:
            data = await self.proc.read(self.fd)
            if not data:
                return None
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(end)
        return line

    async def _take(self, count: int) -> bytes:
        while len(self.buffer) < count + 2:
            data = await self.proc.read(self.fd)
            if not data:
                break
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count + 2 :]
        return taken

    async def _say(self, line: bytes, *, quiet: bool = False) -> None:
        if not quiet:
            await self.proc.write(self.fd, line + b"\r\n")

    async def _command(self, verb: str, words: list[bytes]) -> None:
        quiet = words[-1:] == [b"noreply"]
        words = words[:-1] if quiet else words
        try:
            answer = await self._answer(verb, words)
        except (ValueError, IndexError):
            answer = b"CLIENT_ERROR bad command line format"
        await self._say(answer, quiet=quiet)

    async def _answer(self, verb: str, words: list[bytes]) -> bytes:
        if verb in STORES:
            size = int(words[3])
            if size > VALUE_LIMIT:
                return b"SERVER_ERROR object too large for cache"
            return self.cache.store(verb, words, await self._take(size))
        if verb in ("get", "gets"):
            return b"".join(self._shown(key, with_cas=verb == "gets") for key in words) + b"END"
        if verb in ("incr", "decr"):
            return self.cache.count(words[0], int(words[1]) * (1 if verb == "incr" else -1))
        if verb == "delete":
            return self.cache.remove(words[0])
        if verb == "touch":
            item = self.cache.get(words[0])
            if item is not None:
                item.expires = self.proc.machine.clock.monotonic() + int(words[1])
            return b"TOUCHED" if item else b"NOT_FOUND"
        return self._about(verb)

    def _shown(self, key: bytes, *, with_cas: bool) -> bytes:
        item = self.cache.get(key)
        if item is None:
            return b""
        cas = b" %d" % item.cas if with_cas else b""
        return b"VALUE %b %d %d%b\r\n%b\r\n" % (key, item.flags, len(item.data), cas, item.data)

    def _about(self, verb: str) -> bytes:
        if verb == "flush_all":
            self.cache.items.clear()
            return b"OK"
        if verb == "version":
            return b"VERSION " + version(self.proc).encode()
        if verb == "stats":
            rows = {"pid": 1, "version": version(self.proc), "curr_items": len(self.cache.items)}
            return (
                "".join(f"STAT {name} {value}\r\n" for name, value in rows.items()).encode()
                + b"END"
            )
        return b"ERROR"
