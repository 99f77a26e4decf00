"""Which containers a list shows: dockerd's filters, and their accidents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from daemon.engine.container import Container
from daemon.engine.containers.registry import Registry
from daemon.engine.port_specs import read_range, split_port
from daemon.errors import InvalidParameter, NotFound, System
from daemon.filters import Filters

if TYPE_CHECKING:
    from daemon.engine.images.service import Images

ACCEPTED = frozenset(
    {
        "ancestor",
        "before",
        "exited",
        "expose",
        "health",
        "id",
        "isolation",
        "is-task",
        "label",
        "name",
        "network",
        "publish",
        "since",
        "status",
        "volume",
    }
)
HEALTHS = ("none", "starting", "healthy", "unhealthy")
# dockerd's own order of them, as its refusal tells it.
STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")
PortSet = frozenset[tuple[int, str]]


@dataclass(slots=True)
class ListOptions:
    filters: Filters
    all: bool = False
    limit: int = 0


def shown_state(container: Container) -> str:
    """The state as dockerd derives it: one that never ran is still created, whatever its exit code says."""
    return container.state.value


def health_of(container: Container) -> str:
    return container.health.status if container.health else "none"


class Listing:
    """`select` is the way in."""

    def __init__(self, registry: Registry, images: Images) -> None:
        self._registry = registry
        self._images = images

    def select(self, options: ListOptions) -> list[Container]:
        """Newest first."""
        chosen = self._between(options.filters)
        for test in self._tests(options):
            chosen = filter(test, chosen)
        return list(islice(chosen, options.limit) if options.limit > 0 else chosen)

    def _between(self, filters: Filters) -> Iterator[Container]:
        """Those older than `before` and younger than `since`."""
        before = self._bounds(filters, "before")
        since = self._bounds(filters, "since")
        waiting = set(before)
        for container in self._registry:
            if container.id in since:
                return
            if waiting:
                waiting.discard(container.id)
                continue
            yield container

    def _bounds(self, filters: Filters, name: str) -> set[str]:
        found = set()
        for reference in filters.get(name):
            container = self._registry.find(reference)
            if container is None:
                raise NotFound(f"No such container: {reference}")
            found.add(container.id)
        return found

    def _tests(self, options: ListOptions) -> list[Callable[[Container], bool]]:
        filters = options.filters
        _check_values(filters)
        tests: list[Callable[[Container], bool]] = []
        if not (options.all or options.limit > 0 or "status" in filters):
            tests.append(lambda c: c.running)
        for name, make in _TESTS.items():
            if filters.get(name):
                tests.append(make(filters.get(name), filters))
        if prefixes := filters.get("id"):
            # Not what other filters take: a prefix that fits one container alone.
            wanted = [self._registry.has_only(prefix) for prefix in prefixes]
            tests.append(lambda c: c in wanted)
        if "ancestor" in filters:
            tests.append(self._ancestor(filters.get("ancestor")))
        tests += _port_tests(filters)
        return tests

    def _ancestor(self, names: list[str]) -> Callable[[Container], bool]:
        wanted = set()
        for name in names:
            try:
                wanted.add(self._images.resolve(name).id)
            except (NotFound, InvalidParameter):
                continue
        return lambda container: any(
            ancestor in wanted for ancestor in self._lineage(container.image_id)
        )

    def _lineage(self, image_id: str) -> Iterator[str]:
        while image_id:
            yield image_id
            image = self._images.store.get(image_id)
            image_id = image.parent if image else ""


def _by_label(values: list[str], _filters: Filters) -> Callable[[Container], bool]:
    """Every `key` or `key=value` must be there. Lists of thousands ask this most: the words are split once."""
    keys = {value for value in values if "=" not in value}
    pairs = {(key, value) for key, equals, value in (v.partition("=") for v in values) if equals}

    def test(container: Container) -> bool:
        labels = container.config.labels or {}
        return pairs <= labels.items() and keys <= labels.keys()

    return test


def _check_values(filters: Filters) -> None:
    for name, known, what in (("status", STATES, "state"), ("health", HEALTHS, "health")):
        for value in filters.get(name):
            if value not in known:
                raise InvalidParameter(
                    f"invalid filter '{name}={value}': invalid value for {what} ({value}): "
                    f"must be one of {', '.join(known)}"
                )
    for value in filters.get("exited"):
        if not re.fullmatch(r"[+-]?\d+", value):
            raise InvalidParameter(
                f"invalid filter 'exited={value}': "
                f'strconv.Atoi: parsing "{value}": invalid syntax'
            )
    tasks = filters.get("is-task")
    if tasks and not set(tasks) <= {"true", "false", "1", "0"}:
        raise InvalidParameter(f"invalid filter 'is-task=[{' '.join(tasks)}]'")


def _by_name(_values: list[str], filters: Filters) -> Callable[[Container], bool]:
    return lambda c: filters.matches("name", c.name) or filters.matches("name", f"/{c.name}")


def _by_exit_code(values: list[str], _filters: Filters) -> Callable[[Container], bool]:
    codes = {int(value) for value in values}
    return lambda c: not c.running and c.started_at is not None and c.exit_code in codes


def _by_volume(values: list[str], _filters: Filters) -> Callable[[Container], bool]:
    wanted = set(values)
    return lambda c: any(
        point.name in wanted or point.destination in wanted or point.source in wanted
        for point in c.mounts
    )


def _by_network(values: list[str], _filters: Filters) -> Callable[[Container], bool]:
    return lambda c: any(
        value == name or settings.network_id.startswith(value)
        for name, settings in c.endpoints.items()
        for value in values
    )


_TESTS: dict[str, Callable[[list[str], Filters], Callable[[Container], bool]]] = {
    "name": _by_name,
    "label": _by_label,
    "status": lambda values, _filters: lambda c: shown_state(c) in values,
    "health": lambda values, _filters: lambda c: health_of(c) in values,
    "exited": _by_exit_code,
    "volume": _by_volume,
    "network": _by_network,
    "is-task": lambda values, _filters: lambda c: values[0] in ("false", "0"),
}


def _port_tests(filters: Filters) -> list[Callable[[Container], bool]]:
    tests: list[Callable[[Container], bool]] = []
    publish = _ports("publish", filters.get("publish"))
    expose = _ports("expose", filters.get("expose"))
    if publish or expose:
        tests.append(lambda c: bool(_private(c) & expose or _public(c) & publish))
    return tests


def _ports(name: str, values: list[str]) -> PortSet:
    found: set[tuple[int, str]] = set()
    for value in values:
        number, protocol = split_port(value)
        try:
            found |= {(port, protocol) for port in read_range(number)}
        except ValueError as error:
            raise System(f"error while looking up for {name} {value}: {error}") from None
    return frozenset(found)


def _private(container: Container) -> set[tuple[int, str]]:
    """The ports that the list shows; there are none while the container does not run."""
    return {_number(spec) for spec in (container.live.sandbox.ports if container.live else ())}


def _public(container: Container) -> set[tuple[int, str]]:
    ports = container.live.sandbox.ports if container.live else {}
    return {
        (int(place.host_port), split_port(spec)[1])
        for spec, places in ports.items()
        for place in places or ()
    }


def _number(spec: str) -> tuple[int, str]:
    number, protocol = split_port(spec)
    return int(number), protocol
