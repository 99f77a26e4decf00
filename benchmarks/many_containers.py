"""Ten thousand containers: what they cost in memory, and how long a list of them takes.

python -m benchmarks.many_containers [COUNT]
"""

import sys
import time

from benchmarks.client import Client, encode
from benchmarks.compare import IMAGE, own_mockerd, pull, resident_megabytes


def seconds(client: Client, request: bytes) -> float:
    """How long one request takes, to the last byte of the reply."""
    began = time.perf_counter()
    client.send(request)
    return time.perf_counter() - began


def main(count: int) -> None:
    create = encode("POST", "/containers/create", {"Image": IMAGE, "Cmd": ["true"]})
    everything = encode("GET", "/containers/json?all=1")
    with own_mockerd() as (host, _, pid):
        pull(host)
        client = Client(host)
        client.send(create)
        before = resident_megabytes(pid)
        spent = sum(seconds(client, create) for _ in range(count))
        sys.stdout.write(
            f"created {count} in {spent:.1f} s, {resident_megabytes(pid) - before:.0f} MB\n"
        )
        lists = [f"{seconds(client, everything):.2f} s" for _ in range(3)]
        sys.stdout.write(f"lists: {', '.join(lists)}, {resident_megabytes(pid) - before:.0f} MB\n")
        client.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
