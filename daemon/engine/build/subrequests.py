"""What `docker build --call` asks of a Dockerfile instead of building it: check, outline, targets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from daemon.engine.build import operations as ops
from daemon.engine.build.checks import Checks, Finding
from daemon.engine.build.planner import Planner
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile import source as lines
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.mounts import Mount
from daemon.engine.dockerfile.source import Line

CHECK, OUTLINE, TARGETS = "frontend.lint", "frontend.outline", "frontend.targets"
KNOWN = (CHECK, OUTLINE, TARGETS)
VERSION = b"1.0.0"
Document = dict[str, Any]


def metadata(document: Document, text: str, **more: bytes) -> dict[str, bytes]:
    """A result as the client reads it: for programs and for people."""
    found = {"result.json": json.dumps(document, indent=2, ensure_ascii=False).encode()}
    return found | {"result.txt": text.encode(), "version": VERSION} | more


def check(
    filename: str,
    data: bytes,
    checks: Checks,
    error: DockerfileError | None,
    place: Document | None = None,
) -> dict[str, bytes]:
    """All findings, and the mistake that ended the look at the Dockerfile, which came from `place`."""
    source: Document = {"filename": filename, "data": _encoded(data)}
    if place:
        source["definition"] = place
    source["language"] = "Dockerfile"
    document: Document = {
        "warnings": [_warning(finding) for finding in checks.findings] or None,
        "sources": [source],
    }
    if error is not None:
        document["buildError"] = {"message": error.message, "location": location(error.lines)}
    by_line = sorted(checks.findings, key=lambda finding: finding.lines[0])
    text = "".join(_warning_text(finding) for finding in by_line)
    failed = bool(checks.findings or error)
    return metadata(document, text, **{"result.statuscode": b"1" if failed else b"0"})


def _warning(finding: Finding) -> Document:
    rule = finding.rule
    found = {"ruleName": finding.name, "description": rule.description}
    if rule.url:
        found["url"] = rule.url
    return found | {"detail": finding.text, "location": location(finding.lines)}


def _warning_text(finding: Finding) -> str:
    page = f" - {finding.rule.url}" if finding.rule.url else ""
    return f"\nWARNING: {finding.name}{page}\n{finding.text}\n"


def location(place: tuple[int, int] | None) -> Document:
    """A place in the Dockerfile: a range for each of its lines."""
    start, end = place or (0, -1)
    ranges = [{"start": {"line": line}, "end": {"line": line}} for line in range(start, end + 1)]
    return {"ranges": ranges} if ranges else {}


def targets(data: bytes) -> dict[str, bytes]:
    """Every stage of the file; DockerfileError if it is none."""
    stages, _ = i.stages(lines.read(data).lines)
    found = [_target(stage, last=stage is stages[-1]) for stage in stages]
    rows = [("TARGET", "DESCRIPTION")]
    for target in found:
        default = "(default)" if target.get("default") else ""
        name = f"{target.get('name', '')} {default}".strip()
        rows.append((name, target.get("description", "")))
    return metadata({"targets": found, "sources": [_encoded(data)]}, _table(rows, 1))


def _target(stage: i.Stage, *, last: bool) -> Document:
    found = {
        "name": stage.name,
        "default": last,
        "description": description(stage.line, stage.name),
        "base": stage.base,
        "platform": stage.platform,
    }
    return _filled(found) | {"location": location((stage.line.start, stage.line.end))}


def outline(planner: Planner, plan: ops.Plan, data: bytes) -> dict[str, bytes]:
    """The arguments, secrets and agents that the target takes."""
    stage = planner.stages[plan.target.index]
    named = {"name": stage.name, "description": description(stage.line, stage.name)}
    document = _filled(
        named
        | {
            "args": _by_line(_args(planner, plan)),
            "secrets": _by_line(_mounts(plan, "secret")),
            "ssh": _by_line(_mounts(plan, "ssh")),
        }
    )
    return metadata(document | {"sources": [_encoded(data)]}, _outline_text(document))


def _args(planner: Planner, plan: ops.Plan) -> list[Document]:
    found: dict[str, Document] = {}
    used = planner.args_in_bases([stage.index for stage in plan.stages])
    for arg in planner.globals:
        for name, _ in arg.pairs:
            if name in used:
                found[name] = _arg(name, arg.line, planner.build_args.globals.get(name))
    for planned in reversed(plan.stages):
        for instruction in planner.stages[planned.index].instructions:
            if isinstance(instruction, i.Arg):
                for name, _ in instruction.pairs:
                    value = planned.draft.args.get(name)
                    found.setdefault(name, _arg(name, instruction.line, value))
    return list(found.values())


def _arg(name: str, line: Line, value: str | None) -> Document:
    found = {"name": name, "description": description(line, name), "value": value}
    return _filled(found) | {"location": location((line.start, line.end))}


def _mounts(plan: ops.Plan, kind: str) -> list[Document]:
    found: dict[str, Document] = {}
    for stage in plan.stages:
        for operation in stage.operations:
            for used in operation.mounts if isinstance(operation, ops.Run) else ():
                if used.mount.type == kind:
                    name = _mount_name(used.mount)
                    found[name] = {"name": name}
                    if used.mount.required:
                        found[name]["required"] = True
                    found[name]["location"] = location((operation.line.start, operation.line.end))
    return list(found.values())


def _mount_name(mount: Mount) -> str:
    if mount.type == "ssh":
        return mount.id or "default"
    return mount.secret_id


def _outline_text(document: Document) -> str:
    text = ""
    if "name" in document or "description" in document:
        rows = [("TARGET:", document.get("name", "(default)"))]
        if "description" in document:
            rows.append(("DESCRIPTION:", document["description"]))
        text += _table(rows, 1) + "\n"
    if args := document.get("args"):
        rows3 = [(a["name"], a.get("value", ""), a.get("description", "")) for a in args]
        text += _table([("BUILD ARG", "VALUE", "DESCRIPTION"), *rows3], 3) + "\n"
    for kind, title in (("secrets", "SECRET"), ("ssh", "SSH")):
        if found := document.get(kind):
            rows = [(one["name"], "true" if one.get("required") else "") for one in found]
            text += _table([(title, "REQUIRED"), *rows], 3) + "\n"
    return text


def description(line: Line, name: str) -> str:
    """A comment right above that begins with the name says what it is for."""
    for comment in line.comments:
        first, _, rest = comment.partition(" ")
        if name and first == name:
            return rest.strip()
    return ""


def _table(rows: Iterable[tuple[str, ...]], padding: int) -> str:
    """Columns as wide as their widest cell and some space; the last one is not padded."""
    rows = list(rows)
    widths = [max(len(row[n]) for row in rows) + padding for n in range(len(rows[0]) - 1)]
    return "".join(
        "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        + row[-1]
        + "\n"
        for row in rows
    )


def _by_line(found: list[Document]) -> list[Document]:
    return sorted(found, key=lambda one: int(one["location"]["ranges"][0]["start"]["line"]))


def _filled(document: Document) -> Document:
    """Without what is empty, as Go's omitempty."""
    return {name: value for name, value in document.items() if value}


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
