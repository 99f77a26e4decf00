"""Keys as OpenSSH keeps them in files and shows them to people."""

import base64
import binascii
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from daemon.process.process import Process
from daemon.programs.net.openssh.wire import Malformed, Reader, string
from daemon.programs.tools.kit import read_all

HASHES = ("MD5", "SHA1", "SHA256", "SHA384", "SHA512")
CERTIFICATE = "-cert-v01@openssh.com"
BEGIN, END = b"-----BEGIN OPENSSH PRIVATE KEY-----", b"-----END OPENSSH PRIVATE KEY-----"
MAGIC = b"openssh-key-v1\0"


class Kind(NamedTuple):
    """What people call a kind of key, and how many fields the public half has behind the kind."""

    name: str
    fields: int


KINDS = {
    "ssh-ed25519": Kind("ED25519", 1),
    "ssh-rsa": Kind("RSA", 2),
    "ssh-dss": Kind("DSA", 4),
    "ecdsa-sha2-nistp256": Kind("ECDSA", 2),
    "ecdsa-sha2-nistp384": Kind("ECDSA", 2),
    "ecdsa-sha2-nistp521": Kind("ECDSA", 2),
    "sk-ssh-ed25519@openssh.com": Kind("ED25519-SK", 2),
    "sk-ecdsa-sha2-nistp256@openssh.com": Kind("ECDSA-SK", 3),
}
PRIVATE_FIELDS = {"ssh-ed25519": 2, "ssh-rsa": 6, "ssh-dss": 5} | {
    f"ecdsa-sha2-nistp{bits}": 3 for bits in (256, 384, 521)
}
"""How many a private key has behind its kind, all of them strings."""


class NoKey(Exception):
    """Why a file has no key, as OpenSSH says it."""


class Encrypted(NoKey):
    """The key is there, behind a passphrase."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the name that it was given."""

    data: bytes
    comment: str = ""

    @property
    def type(self) -> str:
        return Reader(self.data).text()

    @property
    def plain_type(self) -> str:
        return self.type.removesuffix(CERTIFICATE)

    @property
    def kind(self) -> str:
        """In capitals, for people."""
        certified = "-CERT" if self.type != self.plain_type else ""
        return KINDS[self.plain_type].name + certified

    @property
    def plain(self) -> bytes:
        """The key alone: of a certificate, the one that it certifies."""
        fields = Reader(self.data)
        if fields.text() == self.plain_type:
            return self.data
        fields.string()  # a nonce
        numbers = [string(fields.string()) for _ in range(KINDS[self.plain_type].fields)]
        return string(self.plain_type.encode()) + b"".join(numbers)

    @property
    def bits(self) -> int:
        name = KINDS[self.plain_type].name
        if name.startswith("ECDSA"):
            return int(self.plain_type.partition("nistp")[2][:3])
        if name not in ("RSA", "DSA"):
            return 256
        fields = Reader(self.plain)
        for _ in range(2 if name == "RSA" else 1):
            fields.string()
        return int.from_bytes(fields.string(), "big").bit_length()

    def fingerprint(self, hash_name: str = "SHA256") -> str:
        digest = hashlib.new(hash_name, self.plain, usedforsecurity=False).digest()
        shown = digest.hex(":") if hash_name == "MD5" else base64.b64encode(digest).decode()
        return f"{hash_name}:{shown.rstrip('=')}"

    def described(self, hash_name: str = "SHA256") -> str:
        return f"{self.bits} {self.fingerprint(hash_name)} {self.comment} ({self.kind})"

    @property
    def line(self) -> str:
        """As in authorized_keys."""
        return f"{self.type} {base64.b64encode(self.data).decode()} {self.comment}"


def known(data: bytes, comment: str) -> Key | None:
    """The key, unless it is of a kind that nobody knows, or none at all."""
    key = Key(data, comment)
    try:
        return key if key.kind and key.bits else None
    except (KeyError, Malformed, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """`numbers` is what an agent takes before the comment: the kind, and the fields of both halves."""

    public: Key
    numbers: bytes

    def named(self, comment: str) -> bytes:
        """For an agent, under that name unless the key has one of its own."""
        return self.numbers + string((self.public.comment or comment).encode())


def private_key(data: bytes) -> PrivateKey:
    """The key of a file in OpenSSH's own format."""
    start, end = data.find(BEGIN), data.find(END)
    if start < 0 or end < 0:
        raise NoKey("error in libcrypto")
    try:
        fields = Reader(base64.b64decode(data[start + len(BEGIN) : end]))
        if fields.take(len(MAGIC)) != MAGIC:
            raise Malformed
        cipher, _kdf, _options = fields.string(), fields.string(), fields.string()
        if fields.number() != 1:
            raise Malformed
        public, private = fields.string(), fields.string()
        if cipher != b"none":
            raise Encrypted("incorrect passphrase supplied to decrypt private key")
        return _private(public, private)
    except (Malformed, KeyError, binascii.Error):
        raise NoKey("invalid format") from None


def _private(public: bytes, data: bytes) -> PrivateKey:
    fields = Reader(data)
    if fields.take(4) != fields.take(4):
        raise Malformed
    begin = fields.rest
    for _ in range(PRIVATE_FIELDS[fields.text()]):
        fields.string()
    numbers = begin[: len(begin) - len(fields.rest)]
    return PrivateKey(Key(public, fields.text()), numbers)


async def public_key(proc: Process, path: str) -> Key:
    """The public half of a key: from a file of one line, from the private key, or from the file beside that."""
    if found := await _public(proc, path):
        return found
    if proc.access(f"{path}.pub", os.R_OK) and (found := await _public(proc, f"{path}.pub")):
        return found
    raise NoKey("No such file or directory")


async def _public(proc: Process, path: str) -> Key | None:
    try:
        data = await read_all(proc, path)
    except OSError:
        return None
    with suppress(NoKey):
        return private_key(data).public
    lines = data.decode("utf-8", "replace").splitlines()
    return next(filter(None, map(_of_line, lines)), None)


def _of_line(line: str) -> Key | None:
    kind, _, rest = line.strip().partition(" ")
    encoded, _, comment = rest.strip().partition(" ")
    if kind.removesuffix(CERTIFICATE) not in KINDS:
        return None
    with suppress(binascii.Error):
        return known(base64.b64decode(encoded), comment.strip())
    return None
