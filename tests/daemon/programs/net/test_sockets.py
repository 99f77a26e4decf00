"""netstat and ss show what listens and who it is."""

from daemon.process.process import Process
from tests.daemon.programs.network import Container, Lan


async def listening(box: Container) -> None:
    async def server(proc: Process) -> int:
        await proc.listen(80, "::")
        await proc.out("up\n")
        await proc.pause()
        return 0

    box.install("/bin/server", server)
    await (await box.start("server")).said("up")


async def test_netstat(lan: Lan) -> None:
    box = lan.container("box", bin_netstat="busybox/netstat")
    await listening(box)
    _, out, _ = await box.run("netstat", "-tlnp")
    line = out.splitlines()[2]
    assert line.split() == ["tcp6", "0", "0", ":::80", ":::*", "LISTEN", "7/server"]


async def test_ss(lan: Lan) -> None:
    box = lan.container("box", bin_ss="gnu/ss")
    await listening(box)
    _, out, _ = await box.run("ss", "-Htln")
    assert out.split() == ["LISTEN", "0", "128", "*:80", "*:*"]
