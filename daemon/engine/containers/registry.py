"""Every container, found by name, by id, or by the start of an id."""

import bisect
from collections.abc import Iterator

from daemon.engine.container import Container
from daemon.engine.containers.config_rules import check_name
from daemon.errors import Conflict, InvalidParameter, NotFound
from daemon.ids import Ids

GENERATION_ATTEMPTS = 6


class Registry:
    """A name belongs to a container from before the container exists, so that two creates cannot share it."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._containers: dict[str, Container] = {}
        self._names: dict[str, str] = {}
        self._sorted_ids: list[str] = []
        self._link_names: dict[str, list[str]] = {}

    def __len__(self) -> int:
        return len(self._containers)

    def __iter__(self) -> Iterator[Container]:
        """Newest first, as the list shows them."""
        return iter(reversed(list(self._containers.values())))

    def get(self, reference: str) -> Container:
        """By full id, name, or a prefix of an id, in this order; dockerd's refusal otherwise."""
        if not reference:
            raise InvalidParameter('invalid name or ID supplied: ""')
        found = self.find(reference)
        if found is None:
            raise NotFound(f"No such container: {reference}")
        return found

    def find(self, reference: str) -> Container | None:
        """Like `get`, None if there is none; an ambiguous prefix is refused either way."""
        found = self._containers.get(reference)
        if found is None:
            named = self._names.get(reference.removeprefix("/"))
            found = self._containers.get(named) if named else self._by_prefix(reference)
        return found

    def _by_prefix(self, prefix: str) -> Container | None:
        if not prefix:
            return None
        start = bisect.bisect_left(self._sorted_ids, prefix)
        matches = self._sorted_ids[start : start + 2]
        matches = [known for known in matches if known.startswith(prefix)]
        if len(matches) > 1:
            raise InvalidParameter(f"multiple IDs found with provided prefix: {prefix}")
        return self._containers[matches[0]] if matches else None

    def has_only(self, prefix: str) -> Container | None:
        """The one container whose id starts so; None if there are several."""
        try:
            return self._by_prefix(prefix)
        except InvalidParameter:
            return None

    def reserve(self, name: str, container_id: str) -> str:
        """Take `name` for a container to be; the name without its leading slash."""
        check_name(name)
        bare = name.removeprefix("/")
        self._claim(bare, container_id)
        return bare

    def _claim(self, bare: str, container_id: str) -> None:
        holder = self._names.get(bare)
        if holder is not None:
            raise Conflict(
                f'Conflict. The container name "/{bare}" is already in use by container "{holder}". '
                "You have to remove (or rename) that container to be able to reuse that name."
            )
        self._names[bare] = container_id

    def generate_name(self, container_id: str) -> str:
        """Make a name up; the id's start if fate is against us."""
        for attempt in range(GENERATION_ATTEMPTS):
            name = self._ids.name(attempt)
            if name not in self._names:
                self._names[name] = container_id
                return name
        self._claim(container_id[:12], container_id)
        return container_id[:12]

    def add_link(self, parent: Container, alias: str, child: Container) -> None:
        """A link gives its child one more name, `parent/alias`."""
        name = f"{parent.name}/{alias}"
        self._names[name] = child.id
        self._link_names.setdefault(child.id, []).append(name)
        child.touch()

    def remove_link(self, parent: Container, alias: str, child: Container) -> None:
        name = f"{parent.name}/{alias}"
        self.release_name(name)
        if name in self._link_names.get(child.id, ()):
            self._link_names[child.id].remove(name)
        child.touch()

    def names_of(self, container: Container) -> list[str]:
        """Its own name, then those that links gave it."""
        return [container.name, *self._link_names.get(container.id, ())]

    def release_name(self, name: str) -> None:
        self._names.pop(name, None)

    def add(self, container: Container) -> None:
        self._containers[container.id] = container
        bisect.insort(self._sorted_ids, container.id)

    def remove(self, container: Container) -> None:
        if self._containers.pop(container.id, None) is not None:
            del self._sorted_ids[bisect.bisect_left(self._sorted_ids, container.id)]
            for name in self.names_of(container):
                self.release_name(name)
            self._link_names.pop(container.id, None)
