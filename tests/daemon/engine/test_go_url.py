"""URLs as Go takes them, or not; each was asked of Engine 28.5.2."""

import pytest

from daemon.engine.go_url import GoUrlError, parse


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("HTTP://x:1", "http://x:1"),
        ("http://", "http:"),
        ("http:///x", "http:///x"),
        ("http://?x", "http:?x"),
        ("http://u:p@h/", "http://u:***@h/"),
        ("http://u@h", "http://u@h"),
        ("http://a:", "http://a"),
        ("http://a/ b", "http://a/%20b"),
        ("http://a/%41?a#b", "http://a/%41?a#b"),
        ("http://a/%2f[b]|", "http://a//%5Bb%5D%7C"),
        ("http://a/?q=%zz", "http://a/?q=%zz"),
        ("http://é/x", "http://%C3%A9/x"),
        ("http://[::1]:5", "http://[::1]:5"),
    ],
)
def test_writes_what_it_takes(url: str, shown: str) -> None:
    assert str(parse(url)) == shown


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://x y", 'invalid character " " in host name'),
        ("http://a^b", 'invalid character "^" in host name'),
        ("http://[::1", "missing ']' in host"),
        ("http://[::1]x", 'invalid port "x" after host'),
        ("http://[x]/", 'invalid host: ParseAddr("x"): unable to parse IP'),
        ("http://a[b", "invalid IP-literal"),
        ("http://a:b/", 'invalid port ":b" after host'),
        ("http://%zz/x", 'invalid URL escape "%zz"'),
        ("http://a%20b/x", 'invalid URL escape "%20"'),
        ("http://a/%zz", 'invalid URL escape "%zz"'),
        ("http://a#%zz", 'invalid URL escape "%zz"'),
        ("http://u p@a/x", "net/url: invalid userinfo"),
        ("://x", "missing protocol scheme"),
        ("1http://x", "first path segment in URL cannot contain colon"),
    ],
)
def test_refuses(url: str, why: str) -> None:
    with pytest.raises(GoUrlError) as refused:
        parse(url)
    assert str(refused.value) == f'parse "{url}": {why}'


def test_control_characters_are_shown_by_their_numbers() -> None:
    with pytest.raises(GoUrlError, match=r"http://a\\x01b.*invalid control character in URL"):
        parse("http://a\x01b")
