"""Looking a path up."""

import pytest

from daemon.server.routing import Route, RouteTable, split_version


async def handler(request, daemon):
    raise AssertionError("never called")


PATHS = ["/images/json", "/images/{name...}/json", "/images/{name...}", "/containers/{name}/attach/ws",
         "/containers/{name}/attach", "/exec/{id}/start"]  # fmt: skip
TABLE = RouteTable(Route("GET", path, handler) for path in PATHS)


@pytest.mark.parametrize(
    ("path", "route", "value"),
    [
        ("/images/json", "/images/json", None),
        ("/images/a/json", "/images/{name...}/json", "a"),
        ("/images/localhost:5000/a/b/json", "/images/{name...}/json", "localhost:5000/a/b"),
        ("/images/a/b", "/images/{name...}", "a/b"),
        ("/containers/c/attach/ws", "/containers/{name}/attach/ws", "c"),
        ("/containers/c/attach", "/containers/{name}/attach", "c"),
        ("/containers/json/attach", "/containers/{name}/attach", "json"),
    ],
)
def test_finds(path: str, route: str, value: str | None) -> None:
    found = TABLE.find("GET", path)
    assert found is not None
    assert found[0].path == route
    assert list(found[1].values()) == ([value] if value else [])


@pytest.mark.parametrize(
    "path", ["/", "/images", "/images/", "/containers/c", "/exec//start", "/x"]
)
def test_finds_nothing(path: str) -> None:
    assert TABLE.find("GET", path) is None


def test_a_method_is_part_of_the_key() -> None:
    assert TABLE.find("POST", "/images/json") is None


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("/v1.43/info", ("1.43", "/info")),
        ("/info", (None, "/info")),
        ("/volumes", (None, "/volumes")),
        ("/v1.43", (None, "/v1.43")),
        ("/vfoo/info", (None, "/vfoo/info")),
    ],
)
def test_splits_the_version_off(path: str, split: tuple[str | None, str]) -> None:
    assert split_version(path) == split
