"""Execs on the wire: commands that run inside a running container."""

from pydantic import Field

from api_schema.base import OmitEmpty, OmitNil, WireModel
from api_schema.go_types import OptionalSize

Strings = list[str] | None


class ExecCreateRequest(WireModel):
    go_type = "container.ExecOptions"

    user: str = ""
    privileged: bool = False
    tty: bool = False
    console_size: OptionalSize = None
    attach_stdin: bool = False
    attach_stderr: bool = False
    attach_stdout: bool = False
    detach: bool = False
    detach_keys: str = ""
    env: Strings = None
    working_dir: str = ""
    cmd: Strings = None


class ExecStartRequest(WireModel):
    go_type = "container.ExecStartOptions"

    detach: bool = False
    tty: bool = False
    console_size: OptionalSize = None


class ExecProcessConfig(WireModel):
    tty: bool = Field(alias="tty")
    entrypoint: str = Field(alias="entrypoint")
    arguments: list[str] = Field(alias="arguments")
    privileged: OmitNil[bool | None] = Field(alias="privileged")
    user: OmitEmpty[str] = Field("", alias="user")


class ExecInspect(WireModel):
    id: str = Field(alias="ID")
    running: bool
    exit_code: int | None
    process_config: ExecProcessConfig
    open_stdin: bool
    open_stderr: bool
    open_stdout: bool
    can_remove: bool
    container_id: str = Field(alias="ContainerID")
    detach_keys: str
    pid: int
