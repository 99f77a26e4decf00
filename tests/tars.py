"""Small tars said in short, what is in one, and a daemon asked for what it makes of them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import Any

from tests.unix_connection import UnixConnection

KINDS = {
    "f": tarfile.REGTYPE,
    "d": tarfile.DIRTYPE,
    "s": tarfile.SYMTYPE,
    "h": tarfile.LNKTYPE,
    "c": tarfile.CHRTYPE,
    "b": tarfile.BLKTYPE,
    "p": tarfile.FIFOTYPE,
}
LETTERS = {kind: letter for letter, kind in KINDS.items()}
MADE_BY_DOCKER = ("dev", "etc", "proc", "sys", ".dockerenv")
"""What every container has, whatever its image has."""


def tar_of(*members: tuple[Any, ...]) -> bytes:
    """Each is a name, a kind of KINDS (or any other type byte), and its data, target or device numbers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind, *rest in members:
            info = tarfile.TarInfo(name)
            info.type = KINDS.get(kind, kind.encode())
            info.mode = 0o755 if kind == "d" else 0o644
            data = rest[0] if kind == "f" and rest else b"x" if kind == "f" else b""
            info.size = len(data)
            if kind in ("s", "h"):
                info.linkname = rest[0]
            elif kind in ("c", "b"):
                info.devmajor, info.devminor = rest
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def listing(tar: bytes) -> list[str]:
    """One word for each member: its kind, name, and what is to be said of it."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        return [_word(m) for m in archive if m.name.split("/")[0] not in MADE_BY_DOCKER]


def _word(member: tarfile.TarInfo) -> str:
    kind = LETTERS[member.type]
    more = {"f": f"={member.size}", "s": f">{member.linkname}", "h": f">{member.linkname}"}
    device = f"[{member.devmajor},{member.devminor}]" if kind in "cb" else ""
    return f"{kind}:{member.name}{more.get(kind, device)}"


class Engine:
    """A daemon behind a Unix socket, and one image and container of our own in it."""

    def __init__(self, path: str, name: str) -> None:
        self._path = path
        self.name = name
        self.image = f"{name}:1"

    def ask(self, method: str, path: str, body: bytes | dict[str, Any] = b"") -> tuple[int, bytes]:
        connection = UnixConnection(self._path)
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def forget(self) -> None:
        """Both go, and are not missed."""
        self.ask("DELETE", f"/containers/{self.name}?force=1")
        self.ask("DELETE", f"/images/{self.image}?force=1")

    def create(self, image: str) -> None:
        status, answer = self.ask(
            "POST", f"/containers/create?name={self.name}", {"Image": image, "Cmd": ["x"]}
        )
        assert status == 201, answer

    def exported(self) -> bytes:
        """What is in a container of the image."""
        self.create(self.image)
        return self.ask("GET", f"/containers/{self.name}/export")[1]

    def load(self, *layers: bytes, **config: Any) -> str:
        """The last line of a load of an image of these layers, as an error or empty."""
        plain = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
        document = {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": plain},
            **config,
        }
        names = [f"{number}.tar" for number in range(len(layers))]
        manifest = [{"Config": "config.json", "RepoTags": [self.image], "Layers": names}]
        tar = tar_of(
            *((name, "f", layer) for name, layer in zip(names, layers, strict=True)),
            ("config.json", "f", json.dumps(document).encode()),
            ("manifest.json", "f", json.dumps(manifest).encode()),
        )
        _, answer = self.ask("POST", "/images/load?quiet=1", tar)
        last: dict[str, Any] = json.loads(answer.splitlines()[-1])
        return str(last.get("error", ""))
