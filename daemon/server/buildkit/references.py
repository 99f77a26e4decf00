"""A frontend's result as a definition: what a client hands on to another build, `target:` contexts of bake."""

from __future__ import annotations

import hashlib

from google.protobuf.message import DecodeError

from daemon.server.buildkit import wire_pb2 as wire

SCHEME = "mockerd-result://"


def definition(identity: str) -> wire.Definition:
    """The shortest one that clients take: a source, and an operation that points to it."""
    source = wire.LlbOp(source=wire.LlbSource(identifier=SCHEME + identity)).SerializeToString()
    first = _digest(source)
    pointer = wire.LlbOp(inputs=[wire.LlbInput(digest=first)]).SerializeToString()
    known = {first: wire.OpMetadata(), _digest(pointer): wire.OpMetadata()}
    return wire.Definition(ops=[source, pointer], metadata=known)


def result_of(given: wire.Definition) -> str:
    """The identity that `definition` was made of; LookupError for a definition of somebody else's."""
    for data in given.ops:
        try:
            identifier = wire.LlbOp.FromString(data).source.identifier
        except DecodeError:
            continue
        if identifier.startswith(SCHEME):
            return identifier.removeprefix(SCHEME)
    raise LookupError("definition is of no result of this daemon")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
