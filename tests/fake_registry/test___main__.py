"""The options of `python -m fake_registry` become the registry that they describe."""

from pathlib import Path

from fake_registry.__main__ import parser, registry
from fake_registry.auth import Anonymous, Basic, Bearer
from fake_registry.catalog.store import CatalogStore
from fake_registry.files import FolderFiles, MemoryFiles


def made(*words: str):
    return registry(parser().parse_args(words))


def test_is_empty_open_and_in_memory_by_default() -> None:
    plain = made()
    assert plain.store.repositories() == []
    assert isinstance(plain.store.files, MemoryFiles)
    assert isinstance(plain.authorizer, Anonymous)
    assert (plain.read_only, plain.rate_limit, plain.unknown_name) == (False, None, "NAME_UNKNOWN")


def test_keeps_its_content_in_a_folder(tmp_path: Path) -> None:
    assert isinstance(made("--folder", str(tmp_path)).store.files, FolderFiles)


def test_holds_the_sample_images_when_asked_to() -> None:
    store = made("--catalog").store
    assert isinstance(store, CatalogStore)
    assert "library/alpine" in store.repositories()
    assert made("--catalog", "--unknown-images", "synthesize").store.has_repository("me/any")


def test_adds_images_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("image = []\nrecipe = {}\n")
    assert made("--images", str(tmp_path)).store.repositories() == ["mine"]


def test_wants_a_login_when_asked_to() -> None:
    assert isinstance(made("--auth", "basic", "--user", "u:p").authorizer, Basic)
    assert isinstance(made("--auth", "bearer", "--user", "u:p").authorizer, Bearer)


def test_policies() -> None:
    strict = made("--read-only", "--deny-unknown", "--rate-limit", "5")
    assert (strict.read_only, strict.unknown_name) == (True, "DENIED")
    assert strict.rate_limit is not None
    assert strict.rate_limit.pulls == 5
