"""What a BuildKit client asks for, as options of the Dockerfile frontend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.engine.build.git.addresses import BOOLEANS
from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.mounts import FALSE, TRUE

EPOCH = "SOURCE_DATE_EPOCH"
IMPLIED = {"hostname": "BUILDKIT_SANDBOX_HOSTNAME", "multi-platform": "BUILDKIT_MULTI_PLATFORM"}
NO_NUMBER = 'strconv.ParseInt: parsing "{0}": invalid syntax'
_NUMBER = re.compile(r"[+-]?[0-9]+")
KEEP_GIT_DIR = "BUILDKIT_CONTEXT_KEEP_GIT_DIR"


@dataclass(frozen=True, slots=True)
class Options:
    """The frontend's options, by name. `no_cache` None keeps the cache, "" ignores it for every stage."""

    filename: str = "Dockerfile"
    dockerfile_key: str = "dockerfile"
    context_key: str = "context"
    local_dockerfile: bool = False
    """Whether the Dockerfile is the client's even if the context is not."""
    target: str = ""
    platform: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    contexts: Mapping[str, str] = field(default_factory=dict)
    sessions: Mapping[str, str] = field(default_factory=dict)
    """Of the client's folders, those that it has in a session for several builds."""
    context: str = ""
    extra_hosts: str = ""
    network: str = ""
    no_cache: str | None = None
    pull: bool = False
    request: str = ""
    shm_size: int = 0
    ulimits: tuple[tuple[str, tuple[int, int]], ...] = ()
    """(name, (soft, hard))."""
    hostname: str = ""
    cache_imports: str = ""
    cache_from: tuple[str, ...] = ()
    """The older form of `cache_imports`: images."""
    checks: str = ""
    """BUILDKIT_DOCKERFILE_CHECK, which counts before the Dockerfile's own `# check=`."""
    frontend: str = ""
    """BUILDKIT_SYNTAX, which counts before the Dockerfile's own `# syntax=`."""
    keep_git_dir: bool = False
    """BUILDKIT_CONTEXT_KEEP_GIT_DIR, of a context that is a repository."""

    @classmethod
    def parse(cls, attributes: Mapping[str, str]) -> Options:
        """From `frontend_opt` of LLBBridge/Solve."""
        attributes = {**attributes, **implied(attributes)}
        names = ("build-arg", "label", "context", "local-sessionid")
        groups: dict[str, dict[str, str]] = {name: {} for name in names}
        plain: dict[str, str] = {}
        for key, value in attributes.items():
            group, colon, name = key.partition(":")
            if colon and group in groups:
                groups[group][name] = value
            else:
                plain[key] = value
        return cls(
            filename=plain.get("filename") or "Dockerfile",
            dockerfile_key=plain.get("dockerfilekey") or "dockerfile",
            context_key=plain.get("contextkey") or "context",
            local_dockerfile="dockerfilekey" in plain,
            target=plain.get("target", ""),
            platform=plain.get("platform", ""),
            args=groups["build-arg"],
            labels=groups["label"],
            contexts=groups["context"],
            sessions=groups["local-sessionid"],
            context=plain.get("context", ""),
            extra_hosts=plain.get("add-hosts", ""),
            network=plain.get("force-network-mode", ""),
            no_cache=plain.get("no-cache"),
            pull=plain.get("image-resolve-mode") == "pull",
            request=plain.get("requestid", ""),
            shm_size=int(plain.get("shm-size") or 0),
            ulimits=tuple(_ulimit(text) for text in plain.get("ulimit", "").split(",") if text),
            hostname=plain.get("hostname", ""),
            cache_imports=plain.get("cache-imports", ""),
            cache_from=tuple(name for name in plain.get("cache-from", "").split(",") if name),
            checks=groups["build-arg"].get("BUILDKIT_DOCKERFILE_CHECK", ""),
            frontend=groups["build-arg"].get("BUILDKIT_SYNTAX", ""),
            keep_git_dir=BOOLEANS.get(groups["build-arg"].get(KEEP_GIT_DIR, ""), False),
        )

    @property
    def hosts(self) -> tuple[tuple[str, str], ...]:
        """`--add-host`: (address, name)."""
        pairs = (pair.partition("=") for pair in self.extra_hosts.split(",") if pair)
        return tuple((address, name) for name, _, address in pairs)

    def ignores_cache(self, stage: str) -> bool:
        """`--no-cache` for all stages, `--no-cache-filter` for those it names."""
        if self.no_cache is None:
            return False
        return not self.no_cache or stage.lower() in self.no_cache.lower().split(",")

    @property
    def epoch(self) -> int | None:
        """SOURCE_DATE_EPOCH in seconds, if given."""
        text = self.args.get(EPOCH, "")
        return int(text) if text else None


def nanoseconds(epoch: int | None) -> int | None:
    return None if epoch is None else epoch * 1_000_000_000


def implied(attributes: Mapping[str, str]) -> dict[str, str]:
    """Options that build arguments stand for."""
    found = {name: attributes.get(f"build-arg:{arg}", "") for name, arg in IMPLIED.items()}
    return {name: value for name, value in found.items() if value}


def check(attributes: Mapping[str, str]) -> None:
    """DockerfileError for options that BuildKit does not take."""
    given = {**attributes, **implied(attributes)}
    if given.get("build-arg:BUILDKIT_DISABLE_FILEOP") in TRUE:
        text = 'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11'
        raise DockerfileError(text)
    if (several := given.get("multi-platform")) and several not in (*TRUE, *FALSE):
        raise DockerfileError(f"invalid boolean value for multi-platform: {several}")
    if epoch := given.get(f"build-arg:{EPOCH}"):
        seconds(epoch, "invalid SOURCE_DATE_EPOCH: {0}: " + NO_NUMBER)


def seconds(text: str, refusal: str) -> int:
    """DockerfileError for what is no number, in these words about the text."""
    if not _NUMBER.fullmatch(text):
        raise DockerfileError(refusal.format(text))
    return int(text)


def _ulimit(text: str) -> tuple[str, tuple[int, int]]:
    """`nofile=100:200`; a single number is both."""
    name, _, numbers = text.partition("=")
    soft, _, hard = numbers.partition(":")
    return name, (int(soft), int(hard or soft))
