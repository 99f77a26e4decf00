"""`python -m fake_registry`: the registry by itself, in memory or in a folder."""

from __future__ import annotations

import argparse
import ssl
import time
from pathlib import Path

from aiohttp import web

from fake_registry.app import create_app
from fake_registry.auth import Anonymous, Authorizer, Basic, Bearer
from fake_registry.catalog.declarations import IMAGES
from fake_registry.catalog.store import CatalogStore
from fake_registry.files import Files, FolderFiles, MemoryFiles
from fake_registry.limits import RateLimit
from fake_registry.registry import Registry
from fake_registry.store import Store


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m fake_registry", description=__doc__)
    add = options.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=5000)
    add("--folder", type=Path, help="keep the content there; in memory otherwise")
    add("--catalog", action="store_true", help="hold the sample images")
    add("--images", type=Path, action="append", default=[], help="a folder of further declarations")
    add("--unknown-images", choices=["refuse", "synthesize"], default="refuse")
    add("--auth", choices=["anonymous", "basic", "bearer"], default="anonymous")
    add("--user", action="append", default=[], metavar="NAME:PASSWORD")
    add("--anonymous-pull", action="store_true", help="with bearer: anybody may pull")
    add(
        "--deny-unknown",
        action="store_true",
        help="answer DENIED, as Docker Hub, for unknown names",
    )
    add("--read-only", action="store_true")
    add("--rate-limit", type=int, metavar="PULLS", help="manifests per window and source")
    add("--rate-window", type=int, default=21600, metavar="SECONDS")
    add("--tls-cert", type=Path)
    add("--tls-key", type=Path)
    return options


def registry(options: argparse.Namespace) -> Registry:
    return Registry(
        store=_store(options),
        authorizer=_authorizer(options),
        read_only=options.read_only,
        rate_limit=(
            RateLimit(options.rate_limit, time.monotonic, options.rate_window)
            if options.rate_limit is not None
            else None
        ),
        unknown_name="DENIED" if options.deny_unknown else "NAME_UNKNOWN",
    )


def _store(options: argparse.Namespace) -> Store:
    files: Files = FolderFiles(options.folder) if options.folder else MemoryFiles()
    if not options.catalog and not options.images:
        return Store(files)
    folders = (*((IMAGES,) if options.catalog else ()), *options.images)
    return CatalogStore(files, folders, options.unknown_images)


def _authorizer(options: argparse.Namespace) -> Authorizer:
    users = dict(user.split(":", 1) for user in options.user)
    if options.auth == "basic":
        return Basic(users)
    if options.auth == "bearer":
        return Bearer(users, time.monotonic, anonymous_pull=options.anonymous_pull)
    return Anonymous()


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if not options.tls_cert:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    return context


def main(argv: list[str] | None = None) -> None:
    options = parser().parse_args(argv)
    web.run_app(
        create_app(registry(options)),
        host=options.host,
        port=options.port,
        ssl_context=_tls(options),
        access_log=None,
    )


if __name__ == "__main__":
    main()
