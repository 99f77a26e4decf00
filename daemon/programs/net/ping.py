"""ping, as busybox and as iputils have it."""

from daemon.process.process import Process
from daemon.process.signals import Signal
from daemon.programs.net.addresses import is_address, lookup
from daemon.programs.tools.kit import Failure, UsageError, is_gnu, tool
from daemon.programs.tools.options import Options

TTL = 64
USAGE = "[OPTIONS] HOST"


@tool(
    USAGE,
    "c:i:s:W:w:qI:t:46Ap:",
    gnu="nvDfRUbBLOaQ:m:M:S:T:F:l:",
    about="Send ICMP ECHO_REQUESTs to HOST",
    trouble=(2, 1),
    package="iputils 20221126",
)
async def ping(proc: Process, options: Options) -> int:
    if not options.args:
        raise UsageError("usage error: Destination address required" if is_gnu(proc) else "")
    host = options.args[-1]
    wanted = 6 if proc.name.endswith("6") or "6" in options else 4
    addresses = [a for a in await lookup(proc, host) if (":" in a) == (wanted == 6)]
    if not addresses:
        reason = "Name or service not known" if is_gnu(proc) else f"bad address '{host}'"
        raise Failure(f"{host}: {reason}" if is_gnu(proc) else reason, 2 if is_gnu(proc) else 1)
    return await Pinger(proc, options, host, addresses[0]).run()


class Pinger:
    """One run: an echo a second until the count is reached, the deadline passes or ^C comes."""

    def __init__(self, proc: Process, options: Options, host: str, address: str) -> None:
        self.proc = proc
        self.options = options
        self.host = host
        self.address = address
        self.gnu = is_gnu(proc)
        self.size = int(options.value("s") or 56)
        self.count = int(options.value("c") or 0)
        self.interval = float(options.value("i") or 1)
        self.times: list[float] = []
        self.sent = 0
        self.stopped = False

    async def run(self) -> int:
        self.proc.on_signal(Signal.SIGINT, self._stop)
        await self._headline()
        started = self.proc.machine.clock.monotonic()
        limit = float(self.options.value("w") or 0)
        while not self.stopped:
            await self._echo()
            elapsed = self.proc.machine.clock.monotonic() - started
            if (self.count and self.sent >= self.count) or (limit and elapsed >= limit):
                break
            await self._wait(self.interval)
        await self._summary(self.proc.machine.clock.monotonic() - started)
        return 0 if self.times else 1

    def _stop(self, _signum: int) -> None:
        self.stopped = True

    async def _headline(self) -> None:
        if self.gnu:
            text = f"PING {self.host} ({self.address}) {self.size}({self.size + 28}) bytes of data."
        else:
            text = f"PING {self.host} ({self.address}): {self.size} data bytes"
        await self.proc.out(f"{text}\n")

    async def _echo(self) -> None:
        self.sent += 1
        try:
            answered = await self.proc.answers_echo(self.address)
        except OSError as error:
            if self.gnu:
                await self.proc.err(f"ping: connect: {error.strerror}\n")
                raise Failure("", 2) from None
            raise Failure(f"sendto: {error.strerror}") from None
        if not answered:
            if self.sent == self.count:
                await self._wait(float(self.options.value("W") or 10))
            return
        # What a bridge between two containers takes; drawn, so that runs look like runs.
        milliseconds = 0.04 + self.proc.machine.ids.random.random() * 0.08
        self.times.append(milliseconds)
        if "q" not in self.options:
            await self.proc.out(self._reply(milliseconds))

    async def _wait(self, seconds: float) -> None:
        try:
            await self.proc.sleep(seconds)
        except InterruptedError:
            self.stopped = True

    def _reply(self, milliseconds: float) -> str:
        size = self.size + 8
        if not self.gnu:
            return (
                f"{size} bytes from {self.address}: seq={self.sent - 1} ttl={TTL} "
                f"time={milliseconds:.3f} ms\n"
            )
        named = self.address if is_address(self.host) else f"{self.host} ({self.address})"
        return f"{size} bytes from {named}: icmp_seq={self.sent} ttl={TTL} time={milliseconds:.3f} ms\n"

    async def _summary(self, seconds: float) -> None:
        received = len(self.times)
        lost = round(100 * (self.sent - received) / self.sent)
        text = (
            f"\n--- {self.host} ping statistics ---\n{self.sent} packets transmitted, {received} "
        )
        if self.gnu:
            text += f"received, {lost}% packet loss, time {int(seconds * 1000)}ms\n"
        else:
            text += f"packets received, {lost}% packet loss\n"
        await self.proc.out(text + self._round_trips())

    def _round_trips(self) -> str:
        if not self.times:
            return "\n" if self.gnu else ""
        low, high = min(self.times), max(self.times)
        mean = sum(self.times) / len(self.times)
        if not self.gnu:
            return f"round-trip min/avg/max = {low:.3f}/{mean:.3f}/{high:.3f} ms\n"
        spread = sum(abs(t - mean) for t in self.times) / len(self.times)
        return f"rtt min/avg/max/mdev = {low:.3f}/{mean:.3f}/{high:.3f}/{spread:.3f} ms\n"
