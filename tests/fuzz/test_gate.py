"""The gate before the HTTP parser: however a client's bytes are split, what follows the request is known."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.server.connection import end_of_request

HEAD = b"POST /exec/e/start HTTP/1.1\r\nHost: d\r\n"
bodies = st.binary(max_size=300)


def with_length(body: bytes) -> bytes:
    return HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    chunks = draw(st.lists(st.binary(min_size=1, max_size=50), max_size=5))
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n\r\n"


requests = st.builds(with_length, bodies) | chunked()


@given(requests, st.binary(max_size=100))
def test_the_end_is_found_whatever_follows(request: bytes, tail: bytes) -> None:
    assert end_of_request(request + tail) == len(request)


@given(requests, st.data())
def test_a_part_has_no_end(request: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(request) - 1))
    assert end_of_request(request[:cut]) is None
