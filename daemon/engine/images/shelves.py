"""What a pull fills and a push empties."""

from __future__ import annotations

from dataclasses import dataclass

from daemon.engine.images.references import References
from daemon.engine.images.sources import BlobSources
from daemon.engine.images.store import ImageStore


@dataclass(frozen=True, slots=True)
class Shelves:
    images: ImageStore
    references: References
    sources: BlobSources
