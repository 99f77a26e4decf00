"""Builds: what the query of `POST /build` holds as JSON."""

from pydantic import Field

from api_schema.base import WireModel


class BuildOutput(WireModel):
    """Where BuildKit puts what it built."""

    go_type = "build.ImageBuildOutput"

    type: str = ""
    attrs: dict[str, str] = Field(default_factory=dict)
