"""Networks: what joins containers, with its addresses and names."""

from daemon.engine.networks.network import Attachment, Network, dns_names
from daemon.engine.networks.service import Networks

__all__ = ["Attachment", "Network", "Networks", "dns_names"]
