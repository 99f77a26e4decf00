"""What Go's JSON scanner says of text that is not JSON.

Only reached when a text has already failed to parse: it walks the text once more, to name the offence in the words
of Go's encoding/json, which dockerd hands to the client.
"""

ENDS_TOO_EARLY = "unexpected EOF"

_SPACE = " \t\r\n"
_DIGITS = "0123456789"
_ESCAPES = '"\\/bfnrt'
_LITERALS = {"t": "true", "f": "false", "n": "null"}


class GoSyntaxError(ValueError):
    """The text is not JSON; the message is Go's."""


def quoted(char: str) -> str:
    """A character as Go's scanner quotes it in its messages."""
    special = {"'": r"'\''", '"': "'\"'", "\n": r"'\n'", "\t": r"'\t'", "\r": r"'\r'"}
    if char in special:
        return special[char]
    if char == "\\":
        return r"'\\'"
    if char.isprintable():
        return f"'{char}'"
    number = ord(char)
    return f"'\\x{number:02x}'" if number < 0x80 else f"'\\u{number:04x}'"


class _Scanner:
    """Walks one JSON value; each method starts at its first character and ends behind its last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        if self.at >= len(self.text):
            raise GoSyntaxError(ENDS_TOO_EARLY)
        return self.text[self.at]

    def skip_space(self) -> str:
        while self.peek() in _SPACE:
            self.at += 1
        return self.peek()

    def refuse(self, context: str) -> GoSyntaxError:
        return GoSyntaxError(f"invalid character {quoted(self.peek())} {context}")

    def value(self) -> None:
        char = self.skip_space()
        if char == "{":
            self.object()
        elif char == "[":
            self.array()
        elif char == '"':
            self.string()
        elif char in _LITERALS:
            self.literal(_LITERALS[char])
        elif char == "-" or char in _DIGITS:
            self.number()
        else:
            raise self.refuse("looking for beginning of value")

    def object(self) -> None:
        self.at += 1
        first = True
        while True:
            if self.skip_space() == "}" and first:
                break
            if self.peek() != '"':
                raise self.refuse("looking for beginning of object key string")
            self.string()
            if self.skip_space() != ":":
                raise self.refuse("after object key")
            self.at += 1
            self.value()
            first = False
            if self.skip_space() == "}":
                break
            if self.peek() != ",":
                raise self.refuse("after object key:value pair")
            self.at += 1
        self.at += 1

    def array(self) -> None:
        self.at += 1
        if self.skip_space() == "]":
            self.at += 1
            return
        while True:
            self.value()
            if self.skip_space() == "]":
                break
            if self.peek() != ",":
                raise self.refuse("after array element")
            self.at += 1
        self.at += 1

    def string(self) -> None:
        self.at += 1
        while (char := self.peek()) != '"':
            if char < " ":
                raise self.refuse("in string")
            self.at += 1
            if char == "\\":
                self.escape()
        self.at += 1

    def escape(self) -> None:
        char = self.peek()
        if char == "u":
            digits = self.text[self.at + 1 : self.at + 5]
            if any(digit not in "0123456789abcdefABCDEF" for digit in digits):
                raise GoSyntaxError(f"invalid escape sequence `\\u{digits}` in string")
            self.at += len(digits)
        elif char not in _ESCAPES:
            raise GoSyntaxError(f"invalid escape sequence `\\{char}` in string")
        self.at += 1

    def literal(self, word: str) -> None:
        for expected in word:
            if self.peek() != expected:
                raise self.refuse(f"in literal {word} (expecting '{expected}')")
            self.at += 1

    def number(self) -> None:
        if self.peek() == "-":
            self.at += 1
        if self.peek() not in _DIGITS:
            raise self.refuse("in numeric literal")
        if self.peek() == "0":
            self.at += 1
        else:
            self.digits()
        if self.text[self.at : self.at + 1] == ".":
            self.at += 1
            self.digits()
        if self.text[self.at : self.at + 1] in ("e", "E"):
            self.at += 1
            if self.peek() in "+-":
                self.at += 1
            self.digits()

    def digits(self) -> None:
        """Pass over at least one digit."""
        if self.peek() not in _DIGITS:
            raise self.refuse("in numeric literal")
        while self.text[self.at : self.at + 1] in _DIGITS and self.at < len(self.text):
            self.at += 1


def explain(text: str) -> str:
    """Go's words for why `text` does not begin with a JSON value."""
    try:
        _Scanner(text).value()
    except GoSyntaxError as error:
        return str(error)
    except RecursionError:
        return "exceeded max depth"
    return ENDS_TOO_EARLY
