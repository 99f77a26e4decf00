"""Where links lead that stay below the root."""

import pytest

from daemon.fs.filesystem import Filesystem
from daemon.fs.scope import in_scope


@pytest.fixture
def files(memory: Filesystem) -> Filesystem:
    memory.makedirs("/real/sub")
    memory.symlink("real", "/near")
    memory.symlink("/real/sub", "/far")
    memory.symlink("../../../near", "/real/up")
    memory.symlink("/nowhere/at/all", "/dangling")
    memory.symlink("loop", "/loop")
    return memory


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/near/x", "/real/x"),
        ("/far/../y", "/real/y"),
        ("/real/up/z", "/real/z"),
        ("/dangling/w", "/nowhere/at/all/w"),
        ("/../../v/./u/", "/v/u"),
    ],
)
def test_every_link_is_followed(files: Filesystem, path: str, leads_to: str) -> None:
    assert in_scope(files, path) == leads_to


def test_a_loop_is_an_error(files: Filesystem) -> None:
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        in_scope(files, "/loop/x")
