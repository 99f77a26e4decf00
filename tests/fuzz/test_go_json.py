"""Go's JSON, for any value and any broken text."""

import json

from hypothesis import given
from hypothesis import strategies as st

from api_schema import go_json

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read_again(value: object) -> None:
    assert go_json.parse(go_json.encode(value)) == value


def refusal(text: str) -> str | None:
    """How the text is refused, None if a value was read."""
    try:
        go_json.parse(text.encode())
    except go_json.GoDecodeError as error:
        return str(error)
    return None


@given(values, st.integers(0, 400))
def test_a_text_that_ends_too_early_is_refused_as_such(value: object, at: int) -> None:
    text = json.dumps({"key": value}, ensure_ascii=False)
    assert refusal(text[: min(at, len(text) - 1)]) in ("unexpected EOF", "EOF")


@given(st.text(alphabet='{}[]:,"\\/ntu0123456789.-+eE truefalsn'))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    """Where Python reads a value, so does Go; where it does not, there is something to say."""
    try:
        _value, end = json.JSONDecoder().raw_decode(text.lstrip(" "))
    except ValueError:
        assert refusal(text)
        return
    tail = text.lstrip(" ")[end:].strip(" ")
    expected = "unexpected content after JSON" if tail[:1] not in ("", "]", "}") else None
    assert refusal(text) == expected
