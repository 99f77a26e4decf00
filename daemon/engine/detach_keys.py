"""The key sequence by which a client leaves a container without ending it."""

from daemon.errors import DockerError

DEFAULT_KEYS = b"\x10\x11"
_SPECIAL = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


def parse_keys(text: str, refusal: DockerError) -> bytes:
    """`ctrl-p,ctrl-q` as bytes; raises `refusal` for what is no sequence of keys."""
    keys = bytearray()
    for word in text.split(",") if text else ():
        if len(word) == 1:
            keys += word.encode()
        elif word == "DEL":
            keys.append(127)
        else:
            keys.append(_control(word, refusal))
    return bytes(keys)


def _control(word: str, refusal: DockerError) -> int:
    prefix, _, letter = word.partition("-")
    if prefix == "ctrl" and len(letter) == 1:
        if "a" <= letter <= "z":
            return ord(letter) - ord("a") + 1
        if letter in _SPECIAL:
            return _SPECIAL[letter]
    raise refusal


class DetachFilter:
    """Looks for the sequence in what a client types; an unfinished match is held back until it is decided."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """What to pass on, and whether the client has typed the whole sequence."""
        passed = bytearray()
        for byte in data:
            if self._keys and byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    return bytes(passed), True
                continue
            passed += self._keys[: self._matched]
            self._matched = 0
            if self._keys and byte == self._keys[0]:
                self._matched = 1
            else:
                passed.append(byte)
        return bytes(passed), False
