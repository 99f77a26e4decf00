"""What of a swarm's requests a node reads before it knows whether it is in a swarm."""

from typing import ClassVar

from api_schema.base import WireModel


class SwarmInitRequest(WireModel):
    go_type: ClassVar[str] = "swarm.InitRequest"

    listen_addr: str = ""
    advertise_addr: str = ""


class SwarmJoinRequest(WireModel):
    go_type: ClassVar[str] = "swarm.JoinRequest"

    listen_addr: str = ""
    advertise_addr: str = ""
    remote_addrs: list[str] | None = None
