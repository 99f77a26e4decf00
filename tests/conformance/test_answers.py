"""Replies of every kind become plain data."""

from conformance.answers import answer, tarball
from conformance.client import Reply


def replied(body: bytes, content_type: str, status: int = 200) -> Reply:
    return Reply(status, "", {"Content-Type": content_type}, bytearray(body))


def test_frames_are_joined_by_stream_however_they_were_cut() -> None:
    body = b"\1\0\0\0\0\0\0\2hi" + b"\2\0\0\0\0\0\0\4oops" + b"\1\0\0\0\0\0\0\1\n"
    got = answer(replied(body, "application/vnd.docker.multiplexed-stream"), None)
    assert got["frames"] == {"stderr": "oops", "stdout": "hi\n"}


def test_a_stream_cut_inside_a_frame_is_shown_as_text() -> None:
    got = answer(replied(b"\1\0\0\0\0\0\0\2h", "application/vnd.docker.multiplexed-stream"), None)
    assert "text" in got


def test_several_documents_are_lines() -> None:
    got = answer(replied(b'{"a": 1}\r\n{"a": 2}\n', "application/json"), None)
    assert got["lines"] == [{"a": 1}, {"a": 2}]


def test_a_tar_is_a_list_of_entries() -> None:
    body = tarball({"d/": "", "d/f": "text"})
    entries = answer(replied(body, "application/x-tar"), None)["tar"]
    assert [(e["name"], e["type"], e.get("size")) for e in entries] == [
        ("d/", "5", None),
        ("d/f", "0", 4),
    ]


def test_an_error_is_json_whatever_the_step_expected() -> None:
    got = answer(replied(b'{"message": "no"}', "application/json", 404), "frames")
    assert got["json"] == {"message": "no"}
