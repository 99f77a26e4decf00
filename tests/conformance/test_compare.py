"""What may differ, and that nothing else may."""

import pytest

from conformance.compare import Looseness, differences
from conformance.rules import OPTIONAL, RULES

ID = "0123456789abcdef" * 4


def normalised(value: object, *optional: str, **variables: str) -> object:
    return Looseness(variables, optional).normalised({"json": value, "headers": {}})["json"]


@pytest.mark.parametrize(
    ("key", "value", "becomes"),
    [
        ("Image", f"sha256:{ID}", "sha256:<id>"),
        ("StartedAt", "2026-11-25T03:09:14.278376039Z", "<time>"),
        ("StartedAt", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("Created", 1764043754, "<epoch>"),
        ("Status", "Up 3 seconds (healthy)", "Up <age> (healthy)"),
        ("Status", "Exited (3) Less than a second ago", "Exited (3) <age>"),
        ("Status", "running", "running"),
        ("IPAddress", "172.17.0.5", "<address>"),
        ("IPAddress", "10.1.2.3", "10.1.2.3"),
        ("Pid", 0, 0),
        ("Pid", 4711, "<pid>"),
        ("HostPort", "32768", "<port>"),
        ("HostPort", "8080", "8080"),
    ],
)
def test_a_rule_replaces_what_it_names_and_leaves_the_rest(
    key: str, value: object, becomes: object
) -> None:
    assert normalised({key: value}) == {key: becomes}


def test_captured_values_become_their_names_also_when_cut_short() -> None:
    assert normalised({"Id": ID, "Hostname": ID[:12]}, id=ID) == {
        "Id": "{id}",
        "Hostname": "{id:12}",
    }


def test_an_optional_rule_holds_only_where_it_is_asked_for() -> None:
    assert normalised({"NCPU": 2}) == {"NCPU": 2}
    assert normalised({"NCPU": 2}, "machine") == {"NCPU": "<machine>"}


def test_every_rule_has_its_own_name_and_a_reason() -> None:
    rules = [*RULES, *OPTIONAL.values()]
    assert len({rule.name for rule in rules}) == len(rules)
    assert all(rule.reason for rule in rules)


@pytest.mark.parametrize(
    ("golden", "got", "lines"),
    [
        ({"a": 1, "b": None}, {"b": None, "a": 1}, []),
        ({"a": None}, {}, ["a: golden null, got (absent)"]),
        ({}, {"a": []}, ["a: golden (absent), got []"]),
        ({"a": 1}, {"a": True}, ["a: golden 1, got true"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a: golden [1, 2], got [1]"]),
        ({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}, ['a[0].b: golden "x", got "y"']),
    ],
)
def test_differences_name_the_place_and_both_values(
    golden: object, got: object, lines: list[str]
) -> None:
    assert list(differences(golden, got)) == lines
