"""A file at a URL while it is downloaded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple


class RemoteFile(NamedTuple):
    """`length` is -1 if the server does not say, `content_type` empty."""

    length: int
    chunks: AsyncIterator[bytes]
    content_type: str
