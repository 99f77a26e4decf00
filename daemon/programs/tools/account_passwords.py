"""passwd and chpasswd."""

import os

from daemon.process.process import Process
from daemon.programs.tools.account_files import AccountFiles
from daemon.programs.tools.kit import Failure, complain, is_gnu, tool
from daemon.programs.tools.options import Options

SHADOW_UTILS = "shadow 4.13)"


async def ask_password(proc: Process, files: AccountFiles, name: str) -> None:
    await proc.out(f"Changing password for {name}\nNew password: ")
    first = await _typed(proc)
    if not first:
        await proc.err(f"passwd: password for {name} is unchanged\n")
        return
    await proc.out("\nRetype password: ")
    second = await _typed(proc)
    if first != second:
        await proc.err("\nPasswords don't match\n")
        return
    await files.set_password(name, "$6$mockerd$" + proc.machine.ids.hex(32))
    await proc.out(f"\npasswd: password for {name} changed by root\n")


async def _typed(proc: Process) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        data = await proc.read(0, 1)
        if not data:
            break
        line += data
    return line.rstrip(b"\n")


@tool(
    "[-dlu] [USER]",
    "dlua:eqS",
    about="Change USER's password",
    long="delete=d lock=l unlock=u status=S",
    package=SHADOW_UTILS,
)
async def passwd(proc: Process, options: Options) -> int:
    files = AccountFiles(proc)
    own = next((row.name for row in files.users if row.uid == proc.cred.uid), "root")
    name = options.args[0] if options.args else own
    if files.user(name) is None:
        raise Failure(f"user '{name}' does not exist" if is_gnu(proc) else f"unknown user {name}")
    field = files.password(name)
    if "S" in options:
        state = "L" if field.startswith("!") else "P" if field else "NP"
        await proc.out(f"{name} {state} 1970-01-01 0 99999 7 -1\n")
    elif "d" in options:
        await files.set_password(name, "")
    elif "l" in options:
        await files.set_password(name, "!" + field.lstrip("!"))
    elif "u" in options:
        await files.set_password(name, field.lstrip("!"))
    else:
        await ask_password(proc, files, name)
        return 0
    if "S" not in options:
        await proc.out(
            "passwd: password changed.\n"
            if is_gnu(proc)
            else f"passwd: password for {name} changed by root\n"
        )
    return 0


@tool(
    "[-e]",
    "emc:R:",
    about="Read user:password from stdin and update /etc/shadow",
    long="encrypted=e crypt-method:=c",
    package=SHADOW_UTILS,
)
async def chpasswd(proc: Process, options: Options) -> int:
    files = AccountFiles(proc)
    data = b""
    while piece := await proc.read(0):
        data += piece
    code = 0
    for line in os.fsdecode(data).splitlines():
        name, colon, word = line.partition(":")
        if not colon or files.user(name) is None:
            code = 1
            await complain(
                proc,
                f"(user {name}) pam_chauthtok() failed, error:\nAuthentication token manipulation error"
                if is_gnu(proc)
                else f"unknown user {name}",
            )
            continue
        await files.set_password(
            name, word if "e" in options else "$6$mockerd$" + proc.machine.ids.hex(32)
        )
        if not is_gnu(proc):
            await proc.out(f"chpasswd: password for '{name}' changed\n")
    return code
