"""How fast the simulated filesystem is: prints microseconds per operation.

python benchmarks/fs_bench.py [files]
"""

import io
import itertools
import sys
import tarfile
import time
from collections.abc import Callable

from daemon.fs.filesystem import Filesystem
from daemon.fs.layer_tree import merge
from daemon.fs.layers import LayerStore
from daemon.fs.memory import MemoryTree
from daemon.fs.tar import export

PER_FOLDER = 80


def image(files: int) -> bytes:
    """A base layer the size of a distribution's."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for number in range(files):
            member = tarfile.TarInfo(f"usr/lib/d{number // PER_FOLDER}/f{number}")
            member.size = 1000
            archive.addfile(member, io.BytesIO(b"x" * 1000))
    return out.getvalue()


def report(what: str, call: Callable[[], object], times: int = 1) -> None:
    """Print the best of three rounds."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, time.perf_counter() - start)
    sys.stdout.write(f"{what:45} {best / times * 1e6:12.1f} us\n")


def main(files: int) -> None:
    """Measure what a daemon does most: take a layer in, start a container on it, walk, read, write, export."""
    data = image(files)
    store = LayerStore(time.time_ns)
    report(
        f"take in a layer of {files} files",
        lambda: LayerStore(time.time_ns).add_tar(io.BytesIO(data)),
    )
    base, small = (store.add_tar(io.BytesIO(tar)) for tar in (data, image(PER_FOLDER)))
    ids = (base.diff_id, small.diff_id)
    report("stack two layers", lambda: merge(base.tree.root, small.tree))
    report("make a container's filesystem", lambda: store.overlay(ids), 1000)
    overlay = store.overlay(ids)
    fs = Filesystem(overlay)
    for path in ("/proc", "/dev", "/sys"):
        fs.mount(path, MemoryTree(store.spool, time.time_ns))
    names = itertools.count()
    report("stat, 4 components", lambda: fs.stat("/usr/lib/d2/f200"), 1000)
    report("read a small file", lambda: fs.read_bytes("/usr/lib/d2/f200"), 1000)
    report("write a new small file", lambda: fs.write_bytes(f"/n{next(names)}", b"hello"), 1000)
    report("list a folder", lambda: fs.listdir("/usr/lib/d2"), 1000)
    chunk = bytes(1 << 16)
    file = fs.open("/big", 0o101)
    report("append 64 KiB", lambda: file.append(chunk), 500)
    report("docker diff of 3,000 new files", overlay.changes)
    report("export everything", lambda: sum(map(len, export(fs))))
    store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
