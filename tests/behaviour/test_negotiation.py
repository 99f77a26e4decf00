"""API versions, unknown pages, and what every reply carries. Asked of Engine 28.5.2."""

import pytest

from tests.behaviour.conftest import Client

COMMON = {
    "Api-Version": "1.51",
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": "Docker/28.5.2 (linux)",
}


async def test_a_version_that_is_too_new_is_refused_as_json(docker: Client) -> None:
    answer = await docker.get("/v1.99/info")
    text = "client version 1.99 is too new. Maximum supported API version is 1.51"
    assert answer.refusal == (400, text)
    assert "Docker-Experimental" not in answer.headers


async def test_a_version_that_is_too_old_is_refused_in_plain_text(docker: Client) -> None:
    answer = await docker.get("/v1.10/info")
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.body == (
        b"client version 1.10 is too old. Minimum supported API version is 1.24, "
        b"please upgrade your client to a newer version\n"
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nope"), ("POST", "/info"), ("PUT", "/_ping"), ("GET", "/v1.99/nope"),
     ("GET", "/info/"), ("GET", "/vfoo/info"), ("GET", "/containers/create"), ("PATCH", "/v1.51/info")],
)  # fmt: skip
async def test_an_unknown_page_or_method_is_not_found(
    docker: Client, method: str, path: str
) -> None:
    answer = await docker.ask(method, path)
    assert (answer.status, answer.body) == (404, b'{"message":"page not found"}\n')
    assert not COMMON.keys() & answer.headers.keys()


async def test_every_reply_of_a_known_page_says_who_answers(docker: Client) -> None:
    for answer in (await docker.get("/v1.30/version"), await docker.get("/networks/nope")):
        assert COMMON.items() <= answer.headers.items()


async def test_a_path_with_empty_words_is_redirected(docker: Client) -> None:
    answer = await docker.get("/containers//json?all=1")
    assert (answer.status, answer.headers["Location"]) == (301, "/containers/json?all=1")


async def test_options_are_answered_for_anything(docker: Client) -> None:
    answer = await docker.ask("OPTIONS", "/info")
    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("filters=abc", (400, "invalid filter")),
        ('filters={"nope":["x"]}', (400, "invalid filter 'nope'")),
        ('filters={"name":"x"}', (400, "invalid filter")),
        ('filters={"name":[5]}', (400, "invalid filter")),
        ('filters={"name":{"x":1}}', (400, "invalid filter")),
        ('filters={"name":["a"],"label":{"b":true}}', (400, "invalid filter")),
        ('filters={"dangling":["true","false"]}', (400, 'got more than one value for filter key "dangling"')),
        ('filters={"dangling":["maybe"]}', (400, "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")")),
        ('filters={"type":["custom2"]}', (500, "invalid filter: 'type'='custom2'")),
        ("a=1;b=2", (400, "invalid semicolon separator in query")),
    ],
)  # fmt: skip
async def test_a_bad_query_is_refused(docker: Client, query: str, refusal: tuple[int, str]) -> None:
    assert (await docker.get(f"/networks?{query}")).refusal == refusal


@pytest.mark.parametrize("filters", ["", "null", "{}", '{"name":{"bridge":true}}', '{"name":["bridge"]}'])  # fmt: skip
async def test_both_forms_of_filters_are_read(docker: Client, filters: str) -> None:
    names = [network["Name"] for network in (await docker.get(f"/networks?filters={filters}")).json]
    assert "bridge" in names


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain", "unsupported Content-Type header (text/plain): must be 'application/json'"),
        ("", "malformed Content-Type header (): mime: no media type"),
        ("a/b/c", "malformed Content-Type header (a/b/c): mime: unexpected content after media subtype"),
        ("a b", "malformed Content-Type header (a b): mime: expected slash after first token"),
        ("application/json; charset", "malformed Content-Type header (application/json; charset): mime: invalid media parameter"),
    ],
)  # fmt: skip
async def test_a_body_must_call_itself_json(docker: Client, content_type: str, text: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await docker.ask("POST", "/volumes/create", b"{}", **headers)
    assert answer.refusal == (400, text)


@pytest.mark.parametrize("content_type", ["APPLICATION/JSON", "application/json; charset=utf-8"])
async def test_json_is_known_in_any_spelling(docker: Client, content_type: str) -> None:
    answer = await docker.ask("POST", "/volumes/create", b"{}", **{"Content-Type": content_type})
    assert answer.status == 201


async def test_an_unreadable_body_is_refused_in_gos_words(docker: Client) -> None:
    answer = await docker.ask("POST", "/volumes/create", b"[]", **{"Content-Type": "application/json"})  # fmt: skip
    text = "invalid JSON: json: cannot unmarshal array into Go value of type volume.CreateOptions"
    assert answer.refusal == (400, text)
