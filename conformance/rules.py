"""What may differ between two engines that both are right: a closed list, each entry with its reason.

RULES hold everywhere; a step asks for one of OPTIONAL by name. Add a rule only with a reason that no change of the
daemon under test could remove.
"""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """Values whose path matches `at` become `becomes`: whole, or only where their text matches `value`."""

    name: str
    reason: str
    becomes: str
    at: str = ""
    value: str | None = None

    def takes_whole(self, path: str) -> bool:
        return self.value is None and re.search(self.at, path) is not None

    def leaf(self, path: str, value: Any) -> Any:  # noqa: ANN401 - a JSON scalar
        if self.value is None or not re.search(self.at, path):
            return value
        if isinstance(value, str):
            return re.sub(self.value, self.becomes, value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.becomes if re.search(self.value, str(value)) else value
        return value


def ends(*keys: str) -> str:
    """Paths whose last key is one of these."""
    return rf"(^|\.)({'|'.join(keys)})$"


def top(*keys: str) -> str:
    """Paths that name one of these below the document, or below an element of a list of documents."""
    return rf"^json(\[\d+\])?\.({'|'.join(keys)})$"


POSITIVE = r"^[1-9][0-9.e+]*$"

RULES = (
    Rule("date", "the moment of the answer", "<date>", r"^headers\.Date$"),
    Rule("length", "follows from names, ids and times in the body", "<length>", r"^headers\.Content-Length$", POSITIVE),
    Rule("build", "a distribution adds its own suffix to Docker's version", r"\1", value=r"\b(28\.5\.2)\+dfsg\d+(-\d+)?"),
    Rule("id", "random, or a digest of something that holds a time", "<id>", value=r"\b[0-9a-f]{64}\b"),
    Rule("short id", "the first digits of an id", "<id:12>", ends("Hostname"), r"^[0-9a-f]{12}$"),
    Rule("step", "a build tells the first digits of ids", "<id:12>", ends("stream"), r"\b[0-9a-f]{12}\b"),
    Rule("endpoint", "the first digits of a random id", "<id:12>", value=r'(?<=" id:")[0-9a-f]{12}'),
    Rule("cpus", "how many the machine has", r"to <cpus>", value=r"to \d+\.00, as there are only \d+ CPUs"),
    Rule("time", "a moment; the zero time stays", "<time>", value=r"\b(?!0001-|1970-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)"),
    Rule("epoch", "a moment as a number", "<epoch>", ends("time", "timeNano", "Created"), POSITIVE),
    Rule("seconds", "how long a process ran on a busy machine", "<seconds>", ends("execDuration"), r"^\d+$"),
    Rule("up", "how long, in words", "Up <age>", ends("Status"), r"^Up .+?(?= \(|$)"),
    Rule("ago", "how long ago, in words", r"\1 <age>", ends("Status"), r"^((Exited|Restarting) \(\d+\)) .+"),
    Rule("pool", "Docker's address pools are given out as they are free", "<address>", value=r"\b(172\.(1[6-9]|2\d|3[01])|192\.168)\.\d+\.\d+\b"),
    Rule("ula", "an engine draws its own IPv6 prefix", "<ula>", value=r"\bfd[0-9a-f]{2}(:[0-9a-f]{1,4}){2}(?=::)"),
    Rule("mac", "random", "<mac>", value=r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"),
    Rule("port", "an ephemeral port of the host", "<port>", ends("HostPort", "PublicPort"), r"^(3[2-9]|[456]\d)\d{3}$"),
    Rule("pid", "the host's process numbers", "<pid>", ends("Pid"), POSITIVE),
    Rule("process", "top shows the host's process numbers and times", "<ps>", r"\.Processes\[\d+\]\[[1-6]\]$"),
    Rule("size", "the image under test has other content than the recorded one", "<size>", ends("SizeRootFs", "Size", "VirtualSize", "SharedSize"), POSITIVE),
    Rule("graph", "the storage driver's private paths", "<graph>", r"\.GraphDriver\.Data$"),
    Rule("cgroup", "host on a machine with cgroup v1, private with v2", "<cgroupns>", ends("CgroupnsMode")),
    Rule("sandbox", "where the engine keeps network namespaces", "<netns>", ends("SandboxKey"), r"^/.+/netns/[0-9a-f]{12}$"),
)  # fmt: skip

OPTIONAL = {
    rule.name: rule
    for rule in (
        Rule("machine", "a fact about the host, not about Docker", "<machine>", top(
            "ID", "Name", "NCPU", "MemTotal", "KernelVersion", "OperatingSystem", "OSVersion", "Architecture", "Arch",
            "SystemTime", "NFd", "NGoroutines", "NEventsListener", "Containers", "ContainersRunning", "ContainersStopped",
            "ContainersPaused", "Images", "DriverStatus", "CgroupVersion", "CgroupDriver", "DockerRootDir", "Warnings",
            r"Containerd\.Address", r"(Containerd|Runc|Init)Commit", "SecurityOptions", "KernelMemoryTCP", "OomKillDisable",
            r"Runtimes\..*features", "BuildTime", "GitCommit", "GoVersion", r"Components\[[1-9]\]",
            r"Components\[0\]\.Details\.(Arch|BuildTime|GitCommit|GoVersion|KernelVersion)", r"Plugins\.Log",
            r"Plugins\.Network", r"RegistryConfig\..*", "HttpProxy", "HttpsProxy", "NoProxy",
        )),
        Rule("measured", "what a process used is measured", "<number>", "_stats|networks|storage", POSITIVE),
        Rule("content", "how large a file of the image is, when it was made", "<content>", ends("size", "sha256", "mtime", "mode", "owner")),
        Rule("image", "the config of the image under test", "<image>", top(
            "Id", "Config", "RootFS", "History", "DockerVersion", "Comment", "Author", "Parent", "ParentId", "RepoDigests",
            "Metadata", "Descriptor", "Manifests", "CreatedBy", "Labels", "Architecture", "Variant", "Containers", "Tags",
        )),
        Rule("config", "what the container took from the image's config", "<config>", r"\.Config\.(Env|WorkingDir)$"),
        Rule("words", "words of a program in the image, not of the engine", "<words>", r"^(frames|raw|text)(\.\w+)?$", r"(?s)^.+$"),
        Rule("drawn", "a name that the engine drew for a container", "<drawn>", ends("name"), r"^[a-z]+_[a-z]+\d?$"),
        Rule("health log", "how many checks there were by then", "<log>", r"\.Health\.(Log|FailingStreak)$"),
        Rule("others", "objects of others may be there", "<others>", r"\.(Containers|Options|Labels|IPAM)$"),
        Rule("tags", "the image under test has other tags as well", "<tags>", r"\.(RepoTags|RepoDigests)$"),
        Rule("columns", "the host's ps wrote these columns", "<pid>", r"\.Processes\[\d+\]\[0\]$"),
        Rule("veth", "the host's name of an interface is random", "<veth>", value=r"\bveth[0-9a-f]{7}\b"),
        Rule("dialled", "the words of the system's dialler", "<error>", r"json\.message$"),
    )
}  # fmt: skip

UNORDERED = ends(
    "Mounts", "DNSNames", "RepoTags", "RepoDigests", "Volumes", "Network", "Log", "PortBindings"
)
"""Lists whose order the engine takes from a map."""

STREAMED = ("frames", "raw", "lines")
FRAMING = ("Content-Length", "Transfer-Encoding")
"""Ignored but for streams: HTTP lets a server choose, and Go takes chunks beyond 2 KiB."""
