"""`GET /v1/search`, the one call of Docker Hub's old index that `docker search` still makes."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from fake_registry.registry import Call

PAGE_SIZE = 25
PAGE_SIZE_MAX = 100


async def search(call: Call) -> web.StreamResponse:
    """Repositories whose name or description holds the term; the official and the popular come first."""
    term = call.request.query.get("q", "")
    size = min(PAGE_SIZE_MAX, _number(call, "n", PAGE_SIZE))
    page = max(1, _number(call, "page", 1))
    found = sorted(matching(call, term.removeprefix("library/")), key=_rank)
    shown = found[(page - 1) * size : page * size]
    return web.json_response(
        {
            "num_pages": -(-len(found) // size),
            "num_results": len(found),
            "results": shown,
            "page_size": size,
            "page": page,
            "query": term,
        }
    )


def matching(call: Call, term: str) -> list[dict[str, Any]]:
    entries = (_entry(call, name) for name in call.store.repositories())
    return [entry for entry in entries if term in entry["name"] or term in entry["description"]]


def _entry(call: Call, repository: str) -> dict[str, Any]:
    about = call.store.about(repository)
    return {
        "name": repository.removeprefix("library/"),
        "description": about.description,
        "is_official": repository.startswith("library/"),
        "is_automated": False,
        "star_count": about.stars,
    }


def _rank(entry: dict[str, Any]) -> tuple[bool, int, str]:
    return (not entry["is_official"], -entry["star_count"], entry["name"])


def _number(call: Call, key: str, default: int) -> int:
    text = call.request.query.get(key, "")
    return int(text) if text.isdigit() and int(text) else default
