"""What the daemon says of its one BuildKit worker, as Engine 28.5.2 with the graph-driver store says it."""

from __future__ import annotations

from daemon.server.buildkit import wire_pb2 as wire

VERSION = wire.BuildkitVersion(package="github.com/moby/buildkit", version="v0.0.0+unknown")
PLATFORMS = (
    ("linux", "amd64", ""),
    ("linux", "amd64", "v2"),
    ("linux", "amd64", "v3"),
    ("linux", "amd64", "v4"),
    ("linux", "386", ""),
)
LABELS = {"org.mobyproject.buildkit.worker.moby.host-gateway-ip": "172.17.0.1"}
"""Without the snapshotter's label buildx takes the daemon for one with the graph-driver store, as Engine 28.5.2 is."""

DAY = 86_400_000_000_000
MIN_FREE = 51_000_000_000
SHORT_LIVED = "type==source.local,type==exec.cachemount,type==source.git.checkout"
POLICIES = (
    {"keep_duration": 2 * DAY, "filters": [SHORT_LIVED], "max_used_space": 3_592_570_859},
    {
        "keep_duration": 60 * DAY,
        "reserved_space": 26_000_000_000,
        "max_used_space": 202_000_000_000,
        "min_free_space": MIN_FREE,
    },
    {
        "reserved_space": 26_000_000_000,
        "max_used_space": 202_000_000_000,
        "min_free_space": MIN_FREE,
    },
    {
        "all": True,
        "reserved_space": 26_000_000_000,
        "max_used_space": 202_000_000_000,
        "min_free_space": MIN_FREE,
    },
)


def worker(id: str) -> wire.WorkerRecord:
    """The record that `buildx ls` and `inspect` print; `id` is the daemon's."""
    return wire.WorkerRecord(
        id=id,
        labels=LABELS,
        platforms=[wire.Platform(os=o, architecture=a, variant=v) for o, a, v in PLATFORMS],
        gc_policy=[wire.GcPolicy(**policy) for policy in POLICIES],
        buildkit_version=VERSION,
    )


CAP_IDS = (
    "frontend.caps",
    "frontend.inputs",
    "gateway.evaluate",
    "gateway.solve.metadata",
    "importcaches",
    "proto.refarray",
    "reference.output",
    "return",
    "solve.base",
)
CAPS = [wire.ApiCap(id=name, enabled=True) for name in CAP_IDS]
"""Without `return` buildx waits for ever; without `proto.refarray` it looks for the result in another field."""

LLB_CAPS = [wire.ApiCap(id="exporter.multiple", enabled=True)]
