"""Tags move, digests do not."""

import pytest

from api_schema.oci import Reference
from daemon.engine.images.references import References
from daemon.errors import Conflict, InvalidParameter, NotFound

DIGEST = "sha256:" + "d" * 64


def ref(text: str) -> Reference:
    return Reference.parse(text)


def test_a_tag_moves() -> None:
    references = References()
    references.add_tag(ref("a"), "1")
    references.add_tag(ref("a:latest"), "2")
    assert references.get(ref("a")) == "2"
    assert references.of("1") == []
    assert references.tags("2") == ["a:latest"]


def test_a_digest_stays() -> None:
    references = References()
    references.add_digest(ref(f"a@{DIGEST}"), "1")
    references.add_digest(ref(f"a@{DIGEST}"), "1")
    with pytest.raises(Conflict, match="cannot overwrite digest"):
        references.add_digest(ref(f"a@{DIGEST}"), "2")


def test_a_digest_decides_over_a_tag_beside_it() -> None:
    references = References()
    references.add_tag(ref("a:1"), "tagged")
    references.add_digest(ref(f"a@{DIGEST}"), "digested")
    assert references.get(ref(f"a:1@{DIGEST}")) == "digested"


def test_lists_in_the_order_of_the_text() -> None:
    references = References()
    for text in ("b:1", "a:2", "a:1", "127.0.0.1:5000/z"):
        references.add_tag(ref(text), "1")
    assert references.tags("1") == ["127.0.0.1:5000/z:latest", "a:1", "a:2", "b:1"]
    assert [r.tag for r, _ in references.by_name(ref("a"))] == ["1", "2"]


def test_what_is_not_there_cannot_be_deleted() -> None:
    with pytest.raises(NotFound, match="reference does not exist"):
        References().delete(ref("a"))


def test_sha256_is_no_name() -> None:
    with pytest.raises(InvalidParameter, match="ambiguous"):
        References().add_tag(ref("sha256"), "1")
    with pytest.raises(InvalidParameter, match="digest reference"):
        References().add_tag(ref(f"a@{DIGEST}"), "1")
