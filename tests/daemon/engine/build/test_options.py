"""Options of the Dockerfile frontend: those that build arguments stand for, and those that are refused."""

import pytest

from daemon.engine.build.options import Options, check, implied
from daemon.engine.dockerfile.errors import DockerfileError


def test_build_arguments_stand_for_options() -> None:
    attributes = {"build-arg:BUILDKIT_SANDBOX_HOSTNAME": "box", "hostname": "other"}
    assert implied(attributes) == {"hostname": "box"}
    assert Options.parse(attributes).hostname == "box"


@pytest.mark.parametrize(("text", "epoch"), [("17", 17), ("-5", -5), ("", None)])
def test_an_epoch_may_be_before_the_epoch(text: str, epoch: int | None) -> None:
    assert Options.parse({"build-arg:SOURCE_DATE_EPOCH": text}).epoch == epoch


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("SOURCE_DATE_EPOCH", "x", "invalid SOURCE_DATE_EPOCH: x: strconv.ParseInt: "),
        ("BUILDKIT_MULTI_PLATFORM", "x", "invalid boolean value for multi-platform: x"),
        ("BUILDKIT_DISABLE_FILEOP", "1", 'support for "BUILDKIT_DISABLE_FILEOP" build-arg was'),
    ],
)
def test_refuses(name: str, value: str, refusal: str) -> None:
    with pytest.raises(DockerfileError) as refused:
        check({f"build-arg:{name}": value})
    assert refused.value.message.startswith(refusal)
