"""Build checks: the rules that BuildKit warns by, what was found, and the `# check=` line that silences them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from daemon.engine.dockerfile.errors import DockerfileError
from daemon.engine.dockerfile.source import Line
from daemon.engine.dockerfile.words import go_escape

DOCUMENTATION = "https://docs.docker.com/go/dockerfile/rule/"
TRUE = ("1", "t", "T", "true", "TRUE", "True")
ALL = frozenset({"all"})
"""In company `all` is a rule like any other, and there is none of that name."""
FALSE = ("0", "f", "F", "false", "FALSE", "False")


@dataclass(frozen=True, slots=True)
class Rule:
    """One check: what it is about, and the text of a finding, to be formatted with its words."""

    description: str
    text: str
    page: str
    """The rule's page in the documentation; some have none."""
    experimental: bool = False

    @property
    def url(self) -> str:
        return f"{DOCUMENTATION}{self.page}/" if self.page else ""


RULES = {
    "StageNameCasing": Rule(
        "Stage names should be lowercase",
        "Stage name '{}' should be lowercase",
        "stage-name-casing",
    ),
    "FromAsCasing": Rule(
        "The 'as' keyword should match the case of the 'from' keyword",
        "'{}' and '{}' keywords' casing do not match",
        "from-as-casing",
    ),
    "NoEmptyContinuation": Rule(
        "Empty continuation lines will become errors in a future release",
        "Empty continuation line",
        "no-empty-continuation",
    ),
    "ConsistentInstructionCasing": Rule(
        "All commands within the Dockerfile should use the same casing (either upper or lower)",
        "Command '{}' should match the case of the command majority ({})",
        "consistent-instruction-casing",
    ),
    "DuplicateStageName": Rule(
        "Stage names should be unique",
        'Duplicate stage name "{}", stage names should be unique',
        "duplicate-stage-name",
    ),
    "ReservedStageName": Rule(
        "Reserved words should not be used as stage names",
        'Stage name should not use the same name as reserved stage "{}"',
        "reserved-stage-name",
    ),
    "JSONArgsRecommended": Rule(
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
        "JSON arguments recommended for {} to prevent unintended behavior related to OS signals",
        "json-args-recommended",
    ),
    "MaintainerDeprecated": Rule(
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
        "Maintainer instruction is deprecated in favor of using label",
        "maintainer-deprecated",
    ),
    "UndefinedArgInFrom": Rule(
        "FROM command must use declared ARGs",
        "FROM argument '{}' is not declared{}",
        "undefined-arg-in-from",
    ),
    "WorkdirRelativePath": Rule(
        "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
        'Relative workdir "{}" can have unexpected results if the base image changes',
        "workdir-relative-path",
    ),
    "UndefinedVar": Rule(
        "Variables should be defined before their use",
        "Usage of undefined variable '${}'{}",
        "undefined-var",
    ),
    "MultipleInstructionsDisallowed": Rule(
        "Multiple instructions of the same type should not be used in the same stage",
        "Multiple {} instructions should not be used in the same stage because only the last one will be used",
        "multiple-instructions-disallowed",
    ),
    "LegacyKeyValueFormat": Rule(
        "Legacy key/value format with whitespace separator should not be used",
        '"{0} key=value" should be used instead of legacy "{0} key value" format',
        "legacy-key-value-format",
    ),
    "InvalidBaseImagePlatform": Rule(
        "Base image platform does not match expected target platform",
        'Base image {} was pulled with platform "{}", expected "{}" for current build',
        "",
    ),
    "RedundantTargetPlatform": Rule(
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
        "Setting platform to predefined {} in FROM is redundant as this is the default behavior",
        "redundant-target-platform",
    ),
    "SecretsUsedInArgOrEnv": Rule(
        "Sensitive data should not be used in the ARG or ENV commands",
        'Do not use ARG or ENV instructions for sensitive data ({} "{}")',
        "secrets-used-in-arg-or-env",
    ),
    "InvalidDefaultArgInFrom": Rule(
        "Default value for global ARG results in an empty or invalid base image name",
        "Default value for ARG {} results in empty or invalid base image name",
        "invalid-default-arg-in-from",
    ),
    "FromPlatformFlagConstDisallowed": Rule(
        "FROM --platform flag should not use a constant value",
        'FROM --platform flag should not use constant value "{}"',
        "from-platform-flag-const-disallowed",
    ),
    "CopyIgnoredFile": Rule(
        "Attempting to Copy file that is excluded by .dockerignore",
        'Attempting to {} file "{}" that is excluded by .dockerignore',
        "copy-ignored-file",
        experimental=True,
    ),
    "InvalidDefinitionDescription": Rule(
        "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. "
        "If this is not intended to be a description comment, add an empty line or comment between the "
        "instruction and the comment.",
        "Comment for {} should follow the format: `# {} <description>`",
        "invalid-definition-description",
        experimental=True,
    ),
    "ExposeProtoCasing": Rule(
        "Protocol in EXPOSE instruction should be lowercase",
        "Defined protocol '{}' in EXPOSE instruction should be lowercase",
        "expose-proto-casing",
    ),
    "ExposeInvalidFormat": Rule(
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
        "EXPOSE instruction should not define an IP address or host-port mapping, found '{}'",
        "expose-invalid-format",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a line breaks; `lines` are first and last."""

    name: str
    text: str
    lines: tuple[int, int]

    @property
    def rule(self) -> Rule:
        return RULES[self.name]

    @property
    def short(self) -> str:
        """The one-line text that a build's progress shows."""
        return f"{self.name}: {self.text} (line {self.lines[0]})"


@dataclass(slots=True)
class Settings:
    """What `# check=skip=A,B;error=true` says."""

    skipped: frozenset[str] = frozenset()
    experiments: frozenset[str] = frozenset()
    fails: bool = False

    @classmethod
    def parse(cls, text: str) -> Settings:
        found, text = cls(), text.strip()
        for option in text.split(";", 2) if text else ():
            name, equals, value = option.partition("=")
            name, values = name.strip(), frozenset(word.strip() for word in value.split(","))
            if equals and name == "skip":
                found.skipped = values
            elif equals and name == "experimental":
                found.experiments = values
            elif equals and name == "error":
                found.fails = _boolean(value.strip(), option)
            else:
                wrong = name if equals else option
                raise DockerfileError(
                    f'failed to parse check options: invalid check option "{go_escape(wrong)}"'
                )
        return found

    def wants(self, name: str) -> bool:
        if RULES[name].experimental:
            return self.experiments == ALL or name in self.experiments
        return not (self.skipped == ALL or name in self.skipped)


def _boolean(text: str, option: str) -> bool:
    if text not in TRUE + FALSE:
        raise DockerfileError(
            f'failed to parse check options: failed to parse check option "{go_escape(option)}": '
            f'strconv.ParseBool: parsing "{go_escape(text)}": invalid syntax'
        )
    return text in TRUE


@dataclass(slots=True)
class Checks:
    """The findings of one Dockerfile, in the order in which they were made."""

    settings: Settings = field(default_factory=Settings)
    findings: list[Finding] = field(default_factory=list)
    heard: Callable[[Finding], None] = lambda _: None

    def report(self, name: str, lines: Line | tuple[int, int], *words: str) -> None:
        """A finding, unless its rule is silenced."""
        if not self.settings.wants(name):
            return
        place = (lines.start, lines.end) if isinstance(lines, Line) else lines
        finding = Finding(name, RULES[name].text.format(*words), place)
        self.findings.append(finding)
        self.heard(finding)

    def conclude(self) -> None:
        """With `error=true` any finding fails the build."""
        if self.settings.fails and self.findings:
            names = ", ".join(sorted({finding.name for finding in self.findings}))
            raise DockerfileError(f"lint violation found for rules: {names}")
