"""Content types by a file name's ending, as the servers' own tables have them."""

TYPES = {
    "text/html": "html htm shtml",
    "text/css": "css",
    "text/plain": "txt text conf log md",
    "text/csv": "csv",
    "text/xml": "xml",
    "text/javascript": "js mjs",
    "application/json": "json map",
    "application/pdf": "pdf",
    "application/wasm": "wasm",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/x-tar": "tar",
    "application/rss+xml": "rss",
    "application/octet-stream": "bin exe img iso",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "font/ttf": "ttf",
    "image/png": "png",
    "image/jpeg": "jpg jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/svg+xml": "svg svgz",
    "image/x-icon": "ico",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "video/mp4": "mp4",
    "video/webm": "webm",
}
BY_ENDING = {ending: kind for kind, endings in TYPES.items() for ending in endings.split()}


def content_type(path: str) -> str | None:
    """The type of a file of that name, None if its ending says nothing."""
    name = path.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return BY_ENDING.get(ending)
