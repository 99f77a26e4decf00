"""From a declared set of files to the tar of a layer.

A step, or a set in `rootfs/`, may have

    include     names of sets that come first
    dirs        "/a /tmp:1777 /home/x:700:1000:1000": path, mode, uid, gid
    files       path = text (mode 644)            scripts    path = text (mode 755)
    links       path = target of a symlink        hardlinks  path = path
    programs    path = "family/name" of the simulated program that the file runs
    bulk        many of one kind in a folder: dir, names, and link, hardlink or program ("gnu/*": the file's name)
    append      path = text that is added to a file of an earlier layer
    perms       path = "mode", "mode uid gid"
    remove      paths that the layer takes away

Parents that nothing declares are made, with the mode that an earlier layer gave them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from api_schema.simulated_binary import simulated_binary
from fake_registry.catalog.declarations import Table, rootfs, substituted
from fake_registry.catalog.tar import Entry

CONTENT_KEYS = frozenset(
    [
        "include",
        "dirs",
        "files",
        "scripts",
        "links",
        "hardlinks",
        "programs",
        "append",
        "bulk",
        "perms",
        "remove",
    ]
)


def has_content(step: Table) -> bool:
    return not CONTENT_KEYS.isdisjoint(step)


def layer_entries(
    step: Table, variables: Mapping[str, str], known: dict[str, Entry]
) -> list[Entry]:
    """The members, sorted by path, hard links last; `known` holds, and learns, every entry of the image."""
    entries: dict[str, Entry] = {}
    for table in _included(step, variables):
        for entry in _declared(table):
            entries[entry.path] = entry
        for path, text in table.get("append", {}).items():
            before = entries.get(path) or known[path]
            entries[path] = replace(before, data=before.data + text.encode())
        for path, text in table.get("perms", {}).items():
            _set_permissions(entries[path], text)
    for path in list(entries):
        _add_parents(path, entries, known)
    known.update(entries)
    return sorted(entries.values(), key=lambda entry: (entry.kind == "1", entry.path))


def _included(step: Table, variables: Mapping[str, str]) -> Iterator[Table]:
    for name in step.get("include", ()):
        yield from _included(rootfs(name), variables)
    yield substituted(step, variables)


def _declared(table: Table) -> Iterator[Entry]:
    yield from _folders(table.get("dirs", ""))
    for path, text in table.get("files", {}).items():
        yield Entry(path, data=text.encode())
    for path, text in table.get("scripts", {}).items():
        yield Entry(path, mode=0o755, data=text.encode())
    for path, target in table.get("links", {}).items():
        yield _symlink(path, target)
    for path, target in table.get("hardlinks", {}).items():
        yield _hard_link(path, target)
    for path, program in table.get("programs", {}).items():
        yield _program(path, program)
    for rule in table.get("bulk", ()):
        yield from _bulk(rule)
    for path in table.get("remove", ()):
        folder, _, name = path.rpartition("/")
        yield Entry(f"{folder}/.wh.{name}", mode=0)


def _folders(text: str) -> Iterator[Entry]:
    for word in text.split():
        path, mode, uid, gid = (word.split(":") + [""] * 3)[:4]
        yield Entry(path, "5", int(mode or "755", 8), int(uid or 0), int(gid or 0))


def _bulk(rule: Table) -> Iterator[Entry]:
    for name in rule["names"].split():
        path = f"{rule['dir']}/{name}"
        if "link" in rule:
            yield _symlink(path, rule["link"])
        elif "hardlink" in rule:
            yield _hard_link(path, rule["hardlink"])
        else:
            yield _program(path, rule["program"].replace("*", name))


def _symlink(path: str, target: str) -> Entry:
    return Entry(path, "2", 0o777, target=target)


def _hard_link(path: str, target: str) -> Entry:
    return Entry(path, "1", 0o755, target=target)


def _program(path: str, program: str) -> Entry:
    return Entry(path, mode=0o755, data=simulated_binary(program))


def _set_permissions(entry: Entry, text: str) -> None:
    mode, *owner = text.split()
    entry.mode = int(mode, 8)
    if owner:
        entry.uid, entry.gid = map(int, owner)


def _add_parents(path: str, entries: dict[str, Entry], known: Mapping[str, Entry]) -> None:
    for parent in _parents(path):
        if parent not in entries:
            entries[parent] = known.get(parent) or Entry(parent, "5", 0o755)
        if entries[parent].kind != "5":
            raise ValueError(f"{path}: {parent} is no folder")


def _parents(path: str) -> Iterable[str]:
    parts = path.strip("/").split("/")
    return ("/" + "/".join(parts[:count]) for count in range(1, len(parts)))
