"""Which sources of COPY and ADD are fetched: files at URLs and git repositories; all others are local."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from daemon.engine.build.downloads import is_url
from daemon.engine.build.git.addresses import Repository, parse
from daemon.engine.dockerfile.errors import DockerfileError

DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class RemoteSources:
    """What is fetched, by the words that say so."""

    urls: list[str] = field(default_factory=list)
    repositories: dict[str, Repository] = field(default_factory=dict)

    def __contains__(self, word: str) -> bool:
        return word in self.urls or word in self.repositories


def remote_sources(
    keyword: str, words: Sequence[str], checksum: str = "", keep_git_dir: bool | None = None
) -> RemoteSources:
    """DockerfileError for what must not be."""
    _check_checksum(words, checksum)
    found = RemoteSources()
    for word in words:
        if repository := parse(word):
            _refuse_for_copy(keyword, "git ref")
            found.repositories[word] = _as_flags_say(repository, checksum, keep_git_dir)
        elif is_url(word):
            _refuse_for_copy(keyword, "URL")
            _check_digest(checksum)
            found.urls.append(word)
    return found


def _check_checksum(words: Sequence[str], checksum: str) -> None:
    if checksum and len(words) != 1:
        raise DockerfileError("checksum can't be specified for multiple sources")
    if checksum and not (is_url(words[0]) or _is_repository(words[0])):
        raise DockerfileError("checksum requires HTTP(S) or Git sources")


def _is_repository(word: str) -> bool:
    try:
        return parse(word) is not None
    except DockerfileError:
        return False


def _refuse_for_copy(keyword: str, kind: str) -> None:
    if keyword == "COPY":
        raise DockerfileError(f"source can't be a {kind} for COPY")


def _as_flags_say(repository: Repository, checksum: str, keep_git_dir: bool | None) -> Repository:
    """Address and flags must not contradict each other."""
    said = {keep_git_dir, repository.keep_git_dir} - {None}
    if len(said) > 1:
        raise DockerfileError("inconsistent keep-git-dir configuration")
    if checksum and repository.checksum not in ("", checksum):
        raise DockerfileError(f'checksum mismatch "{checksum}" != "{repository.checksum}"')
    return replace(
        repository,
        checksum=repository.checksum or checksum,
        keep_git_dir=True in said,
    )


def _check_digest(text: str) -> None:
    """A file's is a digest; of a commit the first digits will do."""
    if not text:
        return
    algorithm, colon, value = text.partition(":")
    if not (colon and re.fullmatch(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*", algorithm) and value):
        raise DockerfileError("invalid checksum digest format")
    if algorithm not in DIGEST_LENGTHS:
        raise DockerfileError("unsupported digest algorithm")
    if len(value) != DIGEST_LENGTHS[algorithm]:
        raise DockerfileError("invalid checksum digest length")
    if not re.fullmatch("[a-f0-9]+", value):
        raise DockerfileError("invalid checksum digest format")
