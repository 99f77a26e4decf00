"""Request bodies that are files: archives of images, contexts and containers."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from typing import IO

UPLOAD_IN_MEMORY = 1 << 20


async def spooled(chunks: AsyncIterator[bytes]) -> IO[bytes]:
    """The whole body as a file, from its start: in memory while it is small."""
    file = tempfile.SpooledTemporaryFile(max_size=UPLOAD_IN_MEMORY)  # noqa: SIM115 - handed on
    try:
        async for chunk in chunks:
            file.write(chunk)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
