"""tar: its command line; archives are written and read as streams by `tar_write` and `tar_read`."""

import os
import re

from daemon.process.process import Process
from daemon.programs.tools.compression import CorruptError
from daemon.programs.tools.kit import (
    Failure,
    UsageError,
    complain,
    either,
    is_gnu,
    read_all,
    reason,
    tool,
)
from daemon.programs.tools.options import OptionError, Options, Parser
from daemon.programs.tools.tar_format import TarRequest
from daemon.programs.tools.tar_read import Extractor
from daemon.programs.tools.tar_write import Packer

_SHORT = "cxtruAf:vzjJZaC:OpkmhX:T:lSPWwoUsb:g:i"
_LONG = (
    "create=c extract=x get=x list=t append=r update=u file:=f verbose=v gzip=z gunzip=z bzip2=j xz=J auto-compress=a "
    "directory:=C to-stdout=O preserve-permissions=p same-permissions=p keep-old-files=k touch=m dereference=h "
    "exclude-from:=X files-from:=T exclude:=exclude strip-components:=strip no-same-owner=o same-owner "
    "numeric-owner=numeric owner:=owner group:=group mode:=mode mtime:=mtime transform:=transform "
    "no-recursion=norecurse absolute-names=P overwrite=overwrite wildcards no-wildcards anchored warning:=warning "
    "sort:=sort format:=format null=null one-file-system=l remove-files=remove checkpoint?=checkpoint "
    "no-same-permissions keep-newer-files xattrs acls selinux totals no-overwrite-dir lzma help version"
)


def _dashed(words: list[str]) -> list[str]:
    """`tar czf x.tgz dir`: the first word may be options without a dash, whose arguments follow in order."""
    if not words or words[0].startswith("-"):
        return words
    options: list[str] = []
    rest = words[1:]
    for letter in words[0]:
        if letter + ":" in _SHORT:
            if not rest:
                raise UsageError(f"option requires an argument -- '{letter}'")
            options += [f"-{letter}", rest.pop(0)]
        else:
            options.append(f"-{letter}")
    return options + rest


@tool(
    "c|x|t [-ZzJjavOhkmp] [-f TARFILE] [-C DIR] [FILE]...",
    raw=True,
    about="Create, extract, or list files from a tar file",
    trouble=(2, 1),
    package="GNU tar) 1.34",
)
async def tar(proc: Process, options: Options) -> int:
    try:
        given = Parser(_SHORT, _LONG).parse(_dashed(proc.argv[1:]))
    except OptionError as error:
        raise UsageError(error.text) from error
    if "version" in given:
        await proc.out("tar (GNU tar) 1.34\n" if is_gnu(proc) else "tar (busybox) 1.37.0\n")
        return 0
    request = await _request(proc, given)
    try:
        if request.mode == "c":
            return await Packer(proc, request).run()
        if request.mode in ("x", "t"):
            return await Extractor(proc, request).run()
    except CorruptError as error:
        raise _corrupt(proc, str(error)) from error
    raise Failure(f"cannot do -{request.mode} here: only c, x and t", 2)


def _corrupt(proc: Process, what: str) -> Failure:
    if not is_gnu(proc):
        return Failure(what)
    return Failure(
        "This does not look like a tar archive\ntar: Exiting with failure status due to previous errors",
        2,
    )


async def _request(proc: Process, given: Options) -> TarRequest:
    modes = [key for key in "cxtruA" if key in given]
    if len(modes) != 1:
        text = (
            "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options"
            if not modes
            else "You may not specify more than one '-Acdtrux', '--delete' or  '--test-label' option"
        )
        raise UsageError(text if is_gnu(proc) else "")
    request = TarRequest(
        mode=modes[0],
        archive=given.value("f", "-"),
        names=_names(proc, given),
        compression=_compression(given),
        verbose=given.count("v"),
        folder=given.value("C", "."),
        exclude=list(given.values("exclude")),
        strip=int(given.value("strip", "0")),
        to_stdout="O" in given,
        keep_old="k" in given,
        touch="m" in given,
        follow="h" in given,
        own="o" not in given,
        permissions="p" in given,
        absolute="P" in given,
        numeric="numeric" in given,
        recurse="norecurse" not in given,
        remove="remove" in given,
        owner=given.value("owner"),
        group=given.value("group"),
    )
    await _lists(proc, given, request)
    return request


def _names(proc: Process, given: Options) -> list[tuple[str, str]]:
    """Operands with the folder that the last -C before them named."""
    words = _dashed(proc.argv[1:])
    found: list[tuple[str, str]] = []
    operands = list(given.args)
    folder = given.value("C", ".") if given.count("C") == 1 else "."
    if given.count("C") <= 1:
        return [(folder, name) for name in operands]
    folder = "."
    index = 0
    while index < len(words):
        word = words[index]
        if word in ("-C", "--directory"):
            folder = os.path.join(folder, words[index + 1])
            index += 1
        elif operands and word == operands[0]:
            found.append((folder, operands.pop(0)))
        index += 1
    return found


def _compression(given: Options) -> str:
    for key, kind in (("z", "gzip"), ("j", "bzip2"), ("J", "xz"), ("lzma", "lzma")):
        if key in given:
            return kind
    if "a" in given:
        for suffix, kind in (
            (r"\.(tgz|gz)$", "gzip"),
            (r"\.(tbz2?|bz2)$", "bzip2"),
            (r"\.(txz|xz)$", "xz"),
        ):
            if re.search(suffix, given.value("f")):
                return kind
    return ""


async def _lists(proc: Process, given: Options, request: TarRequest) -> None:
    """-T and -X: names and patterns from files."""
    for path in given.values("T"):
        text = await _lines(proc, path, "\0" if "null" in given else "\n")
        request.names += [(request.folder, name) for name in text if name]
    for path in given.values("X"):
        request.exclude += [name for name in await _lines(proc, path, "\n") if name]


async def _lines(proc: Process, path: str, separator: str) -> list[str]:
    try:
        data = await read_all(proc, path)
    except OSError as error:
        text = either(
            proc, f"{path}: Cannot open: {reason(error)}", f"can't open '{path}': {reason(error)}"
        )
        await complain(proc, text)
        raise Failure("", 2 if is_gnu(proc) else 1) from error
    return os.fsdecode(data).split(separator)
