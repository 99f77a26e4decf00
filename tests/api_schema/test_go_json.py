"""Go's decoder: what it accepts, and how it refuses. Every text was asked of Engine 28.5.2."""

from typing import Annotated, ClassVar

import pytest

from api_schema import go_json
from api_schema.base import Go, OmitEmpty, WireModel, dump, shape_for


class Pool(WireModel):
    go_type: ClassVar[str] = "network.IPAMConfig"
    subnet: OmitEmpty[str] = ""


class Ipam(WireModel):
    go_type: ClassVar[str] = "network.IPAM"
    driver: str = ""
    config: list[Pool] | None = None
    options: dict[str, str] | None = None


class Create(WireModel):
    go_type: ClassVar[str] = "network.CreateRequest"
    name: str = ""
    internal: bool = False
    ipam: OmitEmpty[Ipam | None] = None
    labels: dict[str, str] | None = None
    memory: int = 0
    ports: Annotated[dict[str, list[Pool] | None] | None, Go("nat.PortMap")] = None


def decode(text: str) -> Create:
    return Create.model_validate(shape_for(Create).read_document(go_json.parse(text.encode())))


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("{", "unexpected EOF"),
        ("nul", "unexpected EOF"),
        ('{"Name":"abc', "unexpected EOF"),
        ("", "EOF"),
        ('{"Name":"x"} x', "unexpected content after JSON"),
        ("{1:2}", "invalid character '1' looking for beginning of object key string"),
        ("{'a'", r"invalid character '\'' looking for beginning of object key string"),
        ('{"Name":"x",}', "invalid character '}' looking for beginning of object key string"),
        ('{"Name" "x"}', "invalid character '\"' after object key"),
        ('{"Name":"x" "y"}', "invalid character '\"' after object key:value pair"),
        ('{"Name":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ('{"Name":-}', "invalid character '}' in numeric literal"),
        ('{"Name":01}', "invalid character '1' after object key:value pair"),
        ('{"Name":"a\tb"}', r"invalid character '\t' in string"),
        (r'{"Name":"a\x"}', r"invalid escape sequence `\x` in string"),
        ('{"Name":NaN}', "invalid character 'N' looking for beginning of value"),
        ("[" * 100_000, "exceeded max depth"),
        ("[]", "json: cannot unmarshal array into Go value of type network.CreateRequest"),
        ('{"Name":1}', "json: cannot unmarshal number into Go struct field CreateRequest.Name of type string"),
        ('{"Labels":[]}', "json: cannot unmarshal array into Go struct field CreateRequest.Labels of type map[string]string"),
        ('{"Labels":{"a":1}}', "json: cannot unmarshal number into Go struct field CreateRequest.Labels.a of type string"),
        ('{"Internal":"yes"}', "json: cannot unmarshal string into Go struct field CreateRequest.Internal of type bool"),
        ('{"Memory":1.5}', "json: cannot unmarshal number 1.5 into Go struct field CreateRequest.Memory of type int64"),
        ('{"Memory":99999999999999999999}', "json: cannot unmarshal number 99999999999999999999 into Go struct field CreateRequest.Memory of type int64"),
        ('{"IPAM":"a"}', "json: cannot unmarshal string into Go struct field CreateRequest.IPAM of type network.IPAM"),
        ('{"IPAM":{"Config":[{"Subnet":5}]}}', "json: cannot unmarshal number into Go struct field CreateRequest.IPAM.Config.0.Subnet of type string"),
        ('{"IPAM":{"Config":[5]}}', "json: cannot unmarshal number into CreateRequest.IPAM.Config.0 of type network.IPAMConfig"),
        ('{"IPAM":{"Options":{"5":5}}}', "json: cannot unmarshal number into CreateRequest.IPAM.Options.5 of type string"),
        ('{"Ports":{"80/tcp":5}}', "json: cannot unmarshal number into Go struct field CreateRequest.Ports.80~1tcp of type []network.IPAMConfig"),
        ('{"Name":1,"Internal":2}', "json: cannot unmarshal number into Go struct field CreateRequest.Name of type string"),
    ],
)  # fmt: skip
def test_refuses_in_gos_words(text: str, refusal: str) -> None:
    with pytest.raises(go_json.GoDecodeError) as caught:
        decode(text)
    assert str(caught.value) == refusal


def test_keys_match_in_any_case_and_null_is_the_zero_value() -> None:
    create = decode('{"nAmE":"x","INTERNAL":null,"ipam":{"config":[{"subnet":"10.0.0.0/8"},null]}}')
    assert create.name == "x"
    assert create.internal is False
    assert create.ipam is not None
    assert create.ipam.config == [Pool(subnet="10.0.0.0/8"), Pool()]


def test_a_closing_bracket_behind_the_value_is_no_content() -> None:
    assert decode('{"Name":"x"}}').name == "x"


def test_writes_raw_utf8_with_a_newline() -> None:
    assert go_json.encode({"a": "<é&>"}) == '{"a":"<é&>"}\n'.encode()


def test_writes_javascripts_line_ends_escaped_and_half_characters_replaced() -> None:
    assert go_json.marshal("\u2028\u2029\ud800x") == b'"\\u2028\\u2029\xef\xbf\xbdx"'
    assert go_json.encode("\u2028\ud800") == b'"\\u2028\xef\xbf\xbd"\n'


def test_marshals_for_html_and_without_a_newline() -> None:
    assert go_json.marshal({"a<b": "\b\f\x01\x7f>&"}) == (
        b'{"a\\u003cb":"\\b\\f\\u0001\x7f\\u003e\\u0026"}'
    )


def test_writes_fields_in_order_maps_sorted_and_leaves_out_what_go_omits() -> None:
    create = Create(name="x", labels={"b": "1", "a": "2"}, ports={"80/tcp": None})
    assert list(dump(create)) == ["Name", "Internal", "Labels", "Memory", "Ports"]
    assert list(dump(create)["Labels"]) == ["a", "b"]
    assert dump(create)["Ports"] == {"80/tcp": None}
    assert dump(Ipam(config=[Pool()])) == {"Driver": "", "Config": [{}], "Options": None}
