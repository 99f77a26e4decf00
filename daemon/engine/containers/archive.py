"""Files in and out of a container, as `docker cp` and `docker export` move them."""

import base64
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from api_schema import go_json
from daemon.clock import Clock
from daemon.engine.users import find_user
from daemon.errors import DockerError, InvalidParameter, NotFound, System
from daemon.fs import tar
from daemon.fs.filesystem import Filesystem
from daemon.fs.nodes import Credentials
from daemon.fs.tar import PathStat
from daemon.fs.tarread import ArchiveError

SPOOL_BEYOND = 1 << 20
STEPS_AT_ONCE = 16
"""After so many files, or pieces of one, other requests have their turn."""
_UNKNOWN = re.compile(r"unable to find (user|group) (.*): (.*)")


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    no_overwrite_dir_non_dir: bool = False
    owner: Credentials | None = None
    """Who gets everything, if not whom the archive names."""
    readonly: bool = False


def _missing(path: str, reference: str) -> NotFound:
    return NotFound(f"Could not find the file {path} in container {reference}")


def check_path(path: str) -> None:
    if not path:
        raise InvalidParameter("bad parameter: pathcannot be empty")


def _refusal(error: Exception, path: str, reference: str) -> DockerError:
    if isinstance(error, FileNotFoundError):
        return _missing(path, reference)
    return System(str(error))


def path_stat(fs: Filesystem, path: str, reference: str) -> str:
    """The header's value, where the name is as the client wrote it."""
    try:
        stat = tar.path_stat(fs, path)
        return _encoded(stat._replace(name="..") if _ends_above(path) else stat)
    except (OSError, ArchiveError) as error:
        raise _refusal(error, path, reference) from None


def _ends_above(path: str) -> bool:
    return path.rstrip("/").rpartition("/")[2] == ".."


def owner_of(fs: Filesystem, user: str) -> Credentials | None:
    """To whom copyUIDGID gives everything; a container without a user of its own leaves it as it is."""
    return find_user(fs, user, refuse=_not_found).credentials if user else None


def _not_found(text: str) -> DockerError:
    found = _UNKNOWN.fullmatch(text)
    what = 'failed to look up {} "{}" in container: {}'.format(*found.groups()) if found else text
    return InvalidParameter(what)


def pack(fs: Filesystem, path: str, reference: str) -> tuple[str, Iterator[bytes]]:
    """The header's value and the chunks of a tar of what is at `path`."""
    try:
        return _encoded(tar.path_stat(fs, path)), tar.pack(fs, path)
    except (OSError, ArchiveError) as error:
        raise _refusal(error, path, reference) from None


def export(fs: Filesystem) -> Iterator[bytes]:
    return tar.export(fs)


def _encoded(stat: PathStat) -> str:
    document = stat._asdict()
    return base64.standard_b64encode(go_json.marshal(document)).decode()


async def extract(
    fs: Filesystem,
    path: str,
    reference: str,
    body: AsyncIterator[bytes],
    options: ExtractOptions,
    clock: Clock,
) -> None:
    """Unpack a tar into the folder `path`; it is taken in whole first, so that a broken upload changes nothing."""
    _check_folder(fs, path, reference)
    _check_writable(fs, path, options)
    with tempfile.SpooledTemporaryFile(SPOOL_BEYOND) as spool:
        async for chunk in body:
            spool.write(chunk)
        spool.seek(0)
        strict, owner = options.no_overwrite_dir_non_dir, options.owner
        try:
            for number, _ in enumerate(
                tar.extract_steps(fs, path, spool, strict=strict, owner=owner)
            ):
                if number % STEPS_AT_ONCE == 0:
                    await clock.sleep(0)
        except FileNotFoundError:
            raise _missing(path, reference) from None
        except OSError as error:
            raise System(f"{error.filename or path}: {_reason(error)}") from None


def _check_writable(fs: Filesystem, path: str, options: ExtractOptions) -> None:
    mount = fs.reach(tar.container_path(path)).mount
    if mount is not fs.root_mount and mount.readonly:
        raise InvalidParameter("mounted volume is marked read-only")
    if mount is fs.root_mount and options.readonly:
        raise InvalidParameter("container rootfs is marked read-only")


def _check_folder(fs: Filesystem, path: str, reference: str) -> None:
    try:
        folder = fs.isdir(fs.realpath(tar.container_path(path)))
        fs.stat(tar.container_path(path))
    except FileNotFoundError:
        raise _missing(path, reference) from None
    except OSError as error:
        raise System(f"lstat {path}: {_reason(error)}") from None
    if not folder:
        raise InvalidParameter("extraction point is not a directory")


def _reason(error: OSError) -> str:
    return os.strerror(error.errno or 5).lower()
