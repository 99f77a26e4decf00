"""Where a Dockerfile breaks a build check: in its form, in its FROMs, in each instruction of a stage."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from api_schema.oci import Reference
from daemon.engine.build.checks import Checks
from daemon.engine.build.draft import BadPort, Draft, expose_ports, protocol_of
from daemon.engine.dockerfile import instructions as i
from daemon.engine.dockerfile.errors import DockerfileError, nearest
from daemon.engine.dockerfile.ignore import Matcher
from daemon.engine.dockerfile.source import Line, Source
from daemon.engine.dockerfile.words import Lexer

RESERVED_STAGES = ("context", "scratch")
SECRET_WORDS = re.compile(
    r"(?i)(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)"
)
HARMLESS_WORDS = re.compile(r"(?i)(?:_|^)(?:public|file|version)(?:_|$)")
URLS = ("http://", "https://")
LAST_ONE_COUNTS = ("CMD", "ENTRYPOINT", "HEALTHCHECK")
PLATFORM = re.compile(r"(?P<os>[a-z]+)(?:/(?P<arch>[a-z0-9_]+)(?:/[a-z0-9]+)?)?")


def suggestion(word: str, candidates: Iterable[str], sigil: str = "") -> str:
    """` (did you mean X?)` for a name of the same case; nothing if there is none near."""
    found = nearest(word, candidates)
    return f" (did you mean {sigil}{found}?)" if found else ""


def check_continuations(source: Source, checks: Checks) -> None:
    for _, number in source.warnings:
        checks.report("NoEmptyContinuation", (number, number))


def check_line(line: Line, checks: Checks) -> None:
    """What can be said of a line before it is understood."""
    if line.keyword.lower() == "maintainer":
        checks.report("MaintainerDeprecated", line)
    elif line.keyword.lower() == "from":
        _check_from_casing(line, checks)
    if line.comments and line.keyword.lower() in ("arg", "from"):
        _check_description(line, checks)


def check_stages(source: Source, stages: list[i.Stage], checks: Checks) -> None:
    """What can be said of the stages without knowing any variable."""
    _check_stage_names(stages, checks)
    _check_casing([line for line in source.lines if line.start >= stages[0].line.start], checks)


def _check_from_casing(line: Line, checks: Checks) -> None:
    words = line.rest.split()
    if len(words) != 3:
        return
    if words[2] != words[2].lower():
        checks.report("StageNameCasing", line, words[2])
    cased = {str.lower: words[1].lower(), str.upper: words[1].upper()}
    for change, expected in cased.items():
        if line.keyword == change(line.keyword) and words[1] != expected:
            checks.report("FromAsCasing", line, words[1], line.keyword)


def _check_description(line: Line, checks: Checks) -> None:
    keyword, words = line.keyword.upper(), line.rest.split()
    if keyword == "ARG":
        names = [word.partition("=")[0] for word in words]
    else:
        names = [word.lower() for word in words[2:3]]
    said = line.comments[-1].split()[:1]
    if names and said and said[0].lower() not in [name.lower() for name in names]:
        example = names[0] if len(names) == 1 else "<arg_key>"
        checks.report("InvalidDefinitionDescription", line, keyword, example)


def _check_stage_names(stages: list[i.Stage], checks: Checks) -> None:
    seen: set[str] = set()
    for stage in stages:
        if stage.name in RESERVED_STAGES:
            checks.report("ReservedStageName", stage.line, stage.name)
        if stage.name and stage.name in seen:
            checks.report("DuplicateStageName", stage.line, stage.name)
        seen.add(stage.name)


def _check_casing(lines: list[Line], checks: Checks) -> None:
    keywords = [line.keyword for line in lines]
    lower = sum(word == word.lower() for word in keywords)
    upper = sum(word == word.upper() for word in keywords)
    change, name = (str.lower, "lowercase") if lower > upper else (str.upper, "uppercase")
    for line in lines:
        if line.keyword != change(line.keyword):
            checks.report("ConsistentInstructionCasing", line, line.keyword, name)


def check_default_bases(
    stages: list[i.Stage], defaults: dict[str, str], escape: str, checks: Checks
) -> None:
    """Whether every FROM names an image even when no build argument is given."""
    for stage in stages:
        try:
            name = Lexer(escape).word(stage.base, defaults)
        except DockerfileError:
            return
        if not _is_reference(name):
            checks.report("InvalidDefaultArgInFrom", stage.line, stage.base)


def _is_reference(name: str) -> bool:
    try:
        Reference.parse(name)
    except ValueError:
        return False
    return True


def check_secret_name(keyword: str, name: str, line: Line, checks: Checks) -> None:
    """ARG and ENV stay visible in the image; a name that sounds like a secret's should not be there."""
    if SECRET_WORDS.search(name) and not HARMLESS_WORDS.search(name):
        checks.report("SecretsUsedInArgOrEnv", line, keyword, name)


def check_port(word: str, line: Line, checks: Checks) -> None:
    """EXPOSE takes container ports, with the protocol in lower case."""
    protocol = word.rpartition(":")[2].partition("/")[2]
    if protocol != protocol.lower():
        checks.report("ExposeProtoCasing", line, word)
    if word.partition("/")[0].rpartition(":")[0].strip(":"):
        checks.report("ExposeInvalidFormat", line, word)


def check_arguments(
    unmatched: Collection[str], declared: Collection[str], line: Line, checks: Checks
) -> None:
    """The variables of a FROM. `declared` names also the ARGs that have no value."""
    for name in sorted(set(unmatched) - set(declared)):
        checks.report("UndefinedArgInFrom", line, name, suggestion(name, declared))


def check_platform(
    stage: i.Stage, platform: str, lexer: Lexer, known: Mapping[str, str], checks: Checks
) -> None:
    """What `--platform` says and what came of it; `lexer` knows which variables took part."""
    if lexer.matched == {"TARGETPLATFORM"} and platform == known.get("TARGETPLATFORM"):
        checks.report("RedundantTargetPlatform", stage.line, stage.platform)
    match = None if lexer.matched or lexer.unmatched else PLATFORM.fullmatch(platform)
    if match and not any(part and part in stage.name for part in match.group("os", "arch")):
        checks.report("FromPlatformFlagConstDisallowed", stage.line, platform)


@dataclass(slots=True)
class StageChecks:
    """The instructions of one stage, one after the other."""

    checks: Checks
    draft: Draft
    work_dir_set: bool = False
    last: dict[str, Line] = field(default_factory=dict)

    def variables(self, line: Line) -> None:
        """What the instruction asked for and nobody had defined; the draft forgets it."""
        for name, defined in self.draft.undefined:
            self.checks.report("UndefinedVar", line, name, suggestion(name, defined, "$"))
        self.draft.undefined.clear()

    def ports(self, instruction: i.Instruction) -> None:
        """The ports of an EXPOSE up to the first that is none."""
        assert isinstance(instruction, i.Texts)
        for value in instruction.values:
            for word in self.draft.expand_words(value):
                try:
                    protocol_of(word)
                    check_port(word, instruction.line, self.checks)
                    expose_ports(word)
                except BadPort:
                    return

    def sources(self, copy: i.Copy, ignored: Matcher) -> None:
        """What COPY and ADD take from the context must not be left out of it."""
        verb = copy.keyword.capitalize()
        for word in copy.sources:
            path = self.draft.expand(word)
            if not path.startswith(URLS) and ignored.excludes(path):
                self.checks.report("CopyIgnoredFile", copy.line, verb, path)
        self.draft.undefined.clear()

    def instruction(self, instruction: i.Instruction) -> None:
        """The rules for one kind of instruction."""
        self._rules(instruction)
        # Rules expand words, too, which the variables were already told of.
        self.draft.undefined.clear()

    def _rules(self, instruction: i.Instruction) -> None:
        line, keyword = instruction.line, instruction.keyword
        if isinstance(instruction, i.Pairs):
            self._pairs(instruction)
        elif isinstance(instruction, i.Arg):
            for name, _ in instruction.pairs:
                check_secret_name(keyword, name, line, self.checks)
        elif keyword == "WORKDIR" and isinstance(instruction, i.Text):
            self._work_dir(instruction)
        elif keyword in LAST_ONE_COUNTS:
            self._last_one_counts(instruction)

    def _pairs(self, instruction: i.Pairs) -> None:
        keyword = instruction.line.keyword
        for name, _ in instruction.pairs:
            if instruction.old_form:
                self.checks.report("LegacyKeyValueFormat", instruction.line, keyword)
            if instruction.keyword == "ENV":
                check_secret_name("ENV", name, instruction.line, self.checks)

    def _work_dir(self, instruction: i.Text) -> None:
        path = self.draft.expand(instruction.value)
        if not self.work_dir_set and not path.startswith("/"):
            self.checks.report("WorkdirRelativePath", instruction.line, path)
        self.work_dir_set = True

    def _last_one_counts(self, instruction: i.Instruction) -> None:
        line = instruction.line
        if earlier := self.last.get(instruction.keyword):
            self.checks.report("MultipleInstructionsDisallowed", earlier, line.keyword)
        self.last[instruction.keyword] = line
        shell_form = isinstance(instruction, i.Command) and instruction.shell_form
        if shell_form and not self.draft.config.shell:
            self.checks.report("JSONArgsRecommended", line, line.keyword)
