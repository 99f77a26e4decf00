"""Which engine mockerd passes itself off as: its versions, as one row of data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """What an Engine release says of itself."""

    version: str
    api_version: str
    min_api_version: str
    git_commit: str
    go_version: str
    build_time: str
    kernel_version: str
    containerd_version: str
    containerd_commit: str
    runc_version: str
    runc_commit: str
    init_version: str
    init_commit: str
    os: str = "linux"
    arch: str = "amd64"
    experimental: bool = False

    @property
    def server_header(self) -> str:
        return f"Docker/{self.version} ({self.os})"


ENGINE_28 = Profile(
    version="28.5.2",
    api_version="1.51",
    min_api_version="1.24",
    git_commit="89c5e8f",
    go_version="go1.25.3",
    build_time="2025-11-05T14:43:47.000000000+00:00",
    kernel_version="6.12.54-linuxkit",
    containerd_version="v1.7.29",
    containerd_commit="442cb34bda9a6a0fed82a2ca7cade05c5c749582",
    runc_version="1.3.3",
    runc_commit="v1.3.3-0-gd842d771",
    init_version="0.19.0",
    init_commit="de40ad0",
)
