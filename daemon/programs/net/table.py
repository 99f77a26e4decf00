"""Which function runs for which network tool; the same code serves busybox's flavour and the distributions'."""

_PACKAGE = "daemon.programs.net"

_BOTH = """
wget=wget:wget nc=nc:nc ping=ping:ping ping6=ping:ping nslookup=names:nslookup ip=ip:ip ifconfig=ifconfig:ifconfig
route=ifconfig:route arp=ifconfig:arp netstat=sockets:netstat telnet=reach:telnet traceroute=reach:traceroute
traceroute6=reach:traceroute ssl_client=reach:ssl_client getent=names:getent
"""
_BUSYBOX = "ipaddr=ip:ip iplink=ip:ip iproute=ip:ip iprule=ip:ip ipneigh=ip:ip"
_DISTRIBUTION = """
curl=curl:main netcat=nc:nc nc.openbsd=nc:nc ncat=nc:nc host=names:host dig=names:dig ss=sockets:ss ping4=ping:ping socat=socat:socat
"""
_OPENSSH = """
ssh=openssh.ssh:ssh scp=openssh.ssh:scp ssh-add=openssh.ssh_add:ssh_add ssh-keyscan=openssh.ssh_keyscan:ssh_keyscan
"""


def _rows(flavour: str, *words: str) -> dict[str, str]:
    pairs = (word.split("=") for word in " ".join(words).split())
    return {f"{flavour}/{name}": f"{_PACKAGE}.{place}" for name, place in pairs}


PROGRAMS = (
    _rows("busybox", _BOTH, _BUSYBOX)
    | _rows("gnu", _BOTH, _DISTRIBUTION)
    | _rows("net", _BOTH, _DISTRIBUTION)
    | _rows("openssh", _OPENSSH)
)
"""Program string -> "module:function"."""
