"""Links: the old way in which a container finds its neighbours on the default bridge."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.engine.container import Container
from daemon.engine.containers.registry import Registry
from daemon.engine.port_specs import normalised
from daemon.errors import System


class Links:
    """What a container is told of those that it is linked to, in /etc/hosts and in its environment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def hosts(self, container: Container) -> list[tuple[str, str]]:
        """Lines of /etc/hosts: address, and alias, id and name of each linked container."""
        return [
            (_bridge_address(other), f"{alias} {other.short_id} {other.name}")
            for other, alias in self._linked(container)
        ]

    def variables(self, container: Container) -> list[str]:
        """`DB_PORT_5432_TCP_ADDR=...` and its kin, as dockerd has made them since its first year."""
        return [
            variable
            for other, alias in self._linked(container)
            for variable in _variables(container, other, alias)
        ]

    def _linked(self, container: Container) -> Iterator[tuple[Container, str]]:
        """Refuses in dockerd's words what is not there to be talked to."""
        if "bridge" not in container.endpoints:
            return
        for other_id, alias in container.links:
            other = self._registry.find(other_id)
            if other is None:
                continue
            if other.live is None:
                raise System(
                    f"Cannot link to a non running container: /{other.name} AS /{container.name}/{alias}"
                )
            if not _bridge_address(other):
                raise System(f"container {other.id} not attached to default bridge network")
            yield other, alias


def _bridge_address(container: Container) -> str:
    endpoint = container.endpoints.get("bridge")
    return endpoint.ip_address if endpoint else ""


def _variables(container: Container, other: Container, alias: str) -> list[str]:
    address = _bridge_address(other)
    prefix = alias.upper().replace("-", "_")
    ports = sorted(
        (
            (int(port), protocol)
            for port, protocol in map(normalised, other.config.exposed_ports or ())
        ),
        key=lambda port: (port[1] != "tcp", port[1], port[0]),
    )
    variables = []
    if ports:
        port, protocol = ports[0]
        variables.append(f"{prefix}_PORT={protocol}://{address}:{port}")
    for consecutive in _runs(ports):
        for port, protocol in consecutive:
            variables += _of_port(
                f"{prefix}_PORT_{port}_{protocol.upper()}", protocol, address, port
            )
        if len(consecutive) > 1:
            variables += _of_range(prefix, address, consecutive)
    variables.append(f"{prefix}_NAME=/{container.name}/{alias}")
    for item in other.config.env or ():
        name, equals, value = item.partition("=")
        if equals and name not in ("HOME", "PATH"):
            variables.append(f"{prefix}_ENV_{name}={value}")
    return variables


def _of_port(start: str, protocol: str, address: str, port: int) -> list[str]:
    return [
        f"{start}={protocol}://{address}:{port}",
        f"{start}_ADDR={address}",
        f"{start}_PORT={port}",
        f"{start}_PROTO={protocol}",
    ]


def _of_range(prefix: str, address: str, ports: list[tuple[int, str]]) -> list[str]:
    (first, protocol), (last, _) = ports[0], ports[-1]
    start = f"{prefix}_PORT_{first}_{protocol.upper()}"
    return [
        f"{start}_START={protocol}://{address}:{first}",
        f"{start}_PORT_START={first}",
        f"{start}_END={protocol}://{address}:{last}",
        f"{start}_PORT_END={last}",
    ]


def _runs(ports: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Ports that follow each other, together."""
    runs: list[list[tuple[int, str]]] = []
    for port, protocol in ports:
        if runs and runs[-1][-1] == (port - 1, protocol):
            runs[-1].append((port, protocol))
        else:
            runs.append([(port, protocol)])
    return runs
