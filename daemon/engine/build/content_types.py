"""What dockerd takes the start of a remote context for, as Go's http.DetectContentType does."""

from __future__ import annotations

import re

PREAMBLE = 100
"""So many bytes are looked at."""
TEXT = "text/plain"
_ACCEPTABLE = re.compile(
    r"application/(?:(?:x-)?tar|octet-stream|(?:x-)?(?:gzip|bzip2?|xz))|text/plain"
)
_TAGS = (
    "!DOCTYPE HTML", "HTML", "HEAD", "SCRIPT", "IFRAME", "H1", "DIV", "FONT", "TABLE", "A",
    "STYLE", "TITLE", "B", "BODY", "BR", "P",
)  # fmt: skip
_MARKUP = re.compile(
    rb"[\t\n\x0c\r ]*(?:<\?xml|<!--|<(?:%s)[ >])" % "|".join(_TAGS).encode(), re.IGNORECASE
)
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"GIF8", "image/gif"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"BM", "image/bmp"),
    (b"PK\x03\x04", "application/zip"),
    (b"Rar!\x1a\x07", "application/x-rar-compressed"),
    (b"\0asm", "application/wasm"),
    (b"\x1f\x8b\x08", "application/x-gzip"),
)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def acceptable(told: str, head: bytes) -> str:
    """The type of a context; nothing for what is none. What the server does not tell, the bytes do."""
    kind = detected(head) if told in ("", "application/octet-stream") else told
    found = _ACCEPTABLE.search(kind)
    return found.group() if found else ""


def detected(head: bytes) -> str:
    if _MARKUP.match(head):
        return "text/html"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "application/octet-stream" if _BINARY.search(head) else TEXT
