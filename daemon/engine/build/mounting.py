"""The files behind `RUN --mount`."""

from __future__ import annotations

from daemon.engine.build import operations as ops
from daemon.engine.build.cache import Cache
from daemon.engine.build.client import BuildClient
from daemon.engine.build.evaluator import Evaluator, Mounted
from daemon.engine.dockerfile.errors import DockerfileError


async def mounted(
    mount: ops.RunMount, run: ops.Run, evaluator: Evaluator, cache: Cache, client: BuildClient
) -> Mounted:
    """The files behind a mount of that RUN."""
    spec = mount.mount
    if spec.type == "secret":
        return await _secret(mount, client)
    if spec.type == "cache":
        record = cache.mount(spec.id or spec.target, _cache_description(mount, run))
        return Mounted(mount, record=record)
    if spec.type == "bind":
        files = await evaluator.files_of(mount.input)
        return Mounted(mount, tree=files.root_mount.tree)
    if spec.type == "ssh":
        await _check_ssh(mount, client)
    return Mounted(mount)


def _cache_description(mount: ops.RunMount, run: ops.Run) -> str:
    """What `docker buildx du --verbose` says of the folder for as long as there is one: who asked for it first."""
    said = f"cached mount {mount.target} from exec {' '.join(run.argv)}"
    return f'{said} with id "/{mount.mount.id or mount.target}"'


async def _secret(mount: ops.RunMount, client: BuildClient) -> Mounted:
    spec = mount.mount
    name = spec.secret_id
    content = await client.secret(name)
    if content is None and spec.required:
        raise DockerfileError(f"secret {name}: not found")
    return Mounted(mount, secret=content)


async def _check_ssh(mount: ops.RunMount, client: BuildClient) -> None:
    try:
        await client.check_ssh(mount.mount.id or "default")
    except LookupError as refusal:
        if mount.mount.required:
            raise DockerfileError(str(refusal.args[0])) from None
