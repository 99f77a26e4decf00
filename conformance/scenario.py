"""What a scenario says: requests in order, what to capture from their answers, and how to clean up."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCENARIOS = Path(__file__).with_name("scenarios")
Decoding = Literal["json", "lines", "frames", "raw", "tar", "text"]


class Strict(BaseModel):
    """A misspelt key is an error, not a step that silently does less."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Strict):
    """One request, or the `join` of one that was sent to the background."""

    name: str
    request: str = Field("", pattern=r"^$|^[A-Z]+ /\S*$")
    unversioned: bool = False
    """Send the path as it is, without /v1.NN before it."""
    query: dict[str, Any] = {}
    """Added to the path; a table or a list becomes JSON, as `filters` needs it."""
    headers: dict[str, str] = {}
    json_body: Any = Field(None, alias="json")
    text_body: str | None = Field(None, alias="text")
    tar_body: dict[str, str] | None = Field(None, alias="tar")
    """Names and contents of a tar archive; a name that ends in / is a folder."""

    upgrade: bool = False
    send: list[str] = []
    """Written once the head of the answer is there."""
    half_close: bool = False
    stop_at: str = ""
    """Hang up once this text has arrived: for streams that never end."""
    background: bool = False
    """Go on as soon as the head of the answer is there; a later step joins it by name."""
    join: str = ""

    decode: Decoding | None = None
    """How to read the body where its Content-Type does not say."""
    capture: dict[str, str] = {}
    """Variable -> dotted path into the JSON answer."""
    until: dict[str, Any] = {}
    """Repeat the request until each dotted path has this value."""
    unordered: bool = False
    """The order of the JSON list is the order of a map or of a folder."""
    loose: list[str] = []
    """Names of compare.OPTIONAL rules that this step needs."""

    @model_validator(mode="after")
    def one_kind(self) -> Self:
        if bool(self.request) == bool(self.join):
            raise ValueError(f"step {self.name!r}: either a request or a join")
        return self


class Scenario(Strict):
    """A claim about a daemon that leaves nothing behind and depends on no other object there."""

    name: str
    about: str
    images: list[str] = []
    """Pulled beforehand where they are missing."""
    steps: list[Step] = Field(alias="step")
    cleanup: list[str] = []
    """Requests sent at the end whatever happened; their answers do not count."""

    @model_validator(mode="after")
    def joins_are_known(self) -> Self:
        names = [step.name for step in self.steps]
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name")
        for step in self.steps:
            if step.join and step.join not in names:
                raise ValueError(f"step {step.name!r} joins an unknown {step.join!r}")
        return self


def load(path: Path) -> Scenario:
    return Scenario.model_validate({"name": path.stem, **tomllib.loads(path.read_text())})


def load_all(folder: Path = SCENARIOS, only: Iterable[str] = ()) -> list[Scenario]:
    """All scenarios in order of their names, or those whose name contains one of the words in `only`."""
    words = list(only)
    paths = sorted(folder.glob("*.toml"))
    return [load(p) for p in paths if not words or any(word in p.stem for word in words)]


def fill(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    """Put variables in: `{id}`, or `{id:12}` for its first twelve characters. Unknown names stay as they are."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda m: _expand(m, variables), value)
    if isinstance(value, list):
        return [fill(item, variables) for item in value]
    if isinstance(value, dict):
        return {fill(key, variables): fill(item, variables) for key, item in value.items()}
    return value


PLACEHOLDER = re.compile(r"\{([a-z_]+)(:12)?\}")


def _expand(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name, short = match.groups()
    if name not in variables:
        return match.group()
    return variables[name][:12] if short else variables[name]
