"""Shell variables: values, attributes, dynamic scopes of `local`, and what commands inherit."""

from collections.abc import Callable
from dataclasses import dataclass

from daemon.programs.shell.errors import ShellError

CHARGED_FROM = 1024
"""Changes smaller than this are not worth accounting for one by one."""
OVERHEAD = 256
"""What a variable or an array element takes beyond its text."""

Array = dict[int | str, str]
"""An indexed array has int keys, an associative one str keys."""

Value = str | Array | None


def in_order(array: Array) -> Array:
    """An indexed array sorted by its keys."""
    return {key: array[key] for key in sorted(key for key in array if isinstance(key, int))}


@dataclass(slots=True)
class Variable:
    """`value` None is declared but unset."""

    value: Value = None
    exported: bool = False
    readonly: bool = False
    integer: bool = False
    case: str = ""
    nameref: bool = False
    associative: bool = False

    def copy(self) -> "Variable":
        return Variable(
            dict(self.value) if isinstance(self.value, dict) else self.value,
            self.exported,
            self.readonly,
            self.integer,
            self.case,
            self.nameref,
            self.associative,
        )

    @property
    def attributes(self) -> str:
        """The letters of `declare`, in its order."""
        marks = (
            ("a", isinstance(self.value, dict) and not self.associative),
            ("A", self.associative),
            ("i", self.integer),
            ("l", self.case == "l"),
            ("n", self.nameref),
            ("r", self.readonly),
            ("u", self.case == "u"),
            ("x", self.exported),
        )
        return "".join(mark for mark, holds in marks if holds)

    @property
    def text(self) -> str | None:
        """The value as a scalar: of an array, the element 0."""
        if isinstance(self.value, dict):
            return self.value.get("0" if self.associative else 0)
        return self.value


class Variables:
    """All variables of one shell. `charge` is told when large values come and go."""

    def __init__(self, charge: Callable[[int], None]) -> None:
        self.table: dict[str, Variable] = {}
        self.frames: list[dict[str, Variable | None]] = []
        self.dynamic: dict[str, Callable[[], str | None]] = {}
        self.assigned: dict[str, Callable[[str], None]] = {}
        self.evaluate: Callable[[str], int] = int
        self.allexport = False
        self._charge = charge
        self._charged = self._uncharged = 0

    def charge_to(self, charge: Callable[[int], None]) -> None:
        """Account to another process from now on."""
        self._charge = charge
        self._charged = self._uncharged = 0

    def copy(self) -> "Variables":
        """For a subshell."""
        other = Variables(self._charge)
        other.table = {name: variable.copy() for name, variable in self.table.items()}
        other.frames = [dict(frame) for frame in self.frames]
        other.allexport = self.allexport
        return other

    @property
    def default_ifs(self) -> bool:
        """Whether fields are split at blanks, as they are unless someone asks for something else."""
        ifs = self.table.get("IFS")
        return ifs is None or ifs.value == " \t\n"

    # ---- reading ----------------------------------------------------------------------------------

    def find(self, name: str) -> Variable | None:
        """The variable, through namerefs."""
        variable = self.table.get(name)
        seen = 0
        while variable is not None and variable.nameref and isinstance(variable.value, str):
            variable = self.table.get(variable.value)
            seen += 1
            if seen > 8:
                return None
        return variable

    def target(self, name: str) -> str:
        """The name that a nameref stands for."""
        for _ in range(8):
            variable = self.table.get(name)
            if variable is None or not variable.nameref or not isinstance(variable.value, str):
                break
            name = variable.value
        return name

    def get(self, name: str) -> str | None:
        """The scalar value, None if unset."""
        variable = self.table.get(name)
        if variable is not None:
            if type(variable.value) is str and not variable.nameref:
                return variable.value
            found = self.find(name)
            return found.text if found is not None else None
        compute = self.dynamic.get(name)
        return compute() if compute is not None else None

    def environment(self) -> dict[str, str]:
        """What a command inherits."""
        return {
            name: variable.value
            for name, variable in self.table.items()
            if variable.exported and type(variable.value) is str
        }

    def names(self, prefix: str = "") -> list[str]:
        """Every set variable's name that starts with `prefix`, sorted."""
        return sorted(
            name
            for name, variable in self.table.items()
            if name.startswith(prefix) and variable.value is not None
        )

    # ---- writing ----------------------------------------------------------------------------------

    def set(self, name: str, value: str, *, append: bool = False) -> None:
        """Assign a scalar (of an array: element 0), with the variable's attributes applied."""
        variable = self.table.get(name)
        if variable is None:
            if name in self.dynamic:
                self._assign_dynamic(name, value)
                return
            self.account(len(value) + OVERHEAD)
            self.table[name] = Variable(value, exported=self.allexport)
            return
        if variable.nameref and isinstance(variable.value, str):
            self.set(variable.value, value, append=append)
            return
        if variable.readonly:
            raise ShellError("readonly", name)
        if variable.integer or variable.case or append or isinstance(variable.value, dict):
            self._set_specially(name, variable, value, append)
            return
        if len(value) >= CHARGED_FROM or len(variable.value or "") >= CHARGED_FROM:
            self.account(len(value) - len(variable.value or ""))
        variable.value = value
        if self.allexport:
            variable.exported = True
        if name in self.assigned:
            self.assigned[name](value)

    def _set_specially(self, name: str, variable: Variable, value: str, append: bool) -> None:
        if isinstance(variable.value, dict):
            self.set_element(name, "0" if variable.associative else 0, value, append=append)
            return
        new = self._converted(variable, value, variable.value or "", append)
        self.account(len(new) - len(variable.value or ""))
        variable.value = new
        if name in self.assigned:
            self.assigned[name](new)

    def _converted(self, variable: Variable, value: str, old: str, append: bool) -> str:
        if variable.integer:
            number = self.evaluate(value) + (self.evaluate(old or "0") if append else 0)
            return str(number)
        value = old + value if append else value
        return {"u": str.upper, "l": str.lower}.get(variable.case, str)(value)

    def _assign_dynamic(self, name: str, value: str) -> None:
        if name in self.assigned:
            self.assigned[name](value)

    def account(self, change: int) -> None:
        """Charge the process for what the variables hold, a few kilobytes at a time."""
        self._uncharged += change
        if not -4 * CHARGED_FROM < self._uncharged < 4 * CHARGED_FROM:
            change, self._uncharged = max(self._uncharged, -self._charged), 0
            self._charged += change
            self._charge(change)

    def set_element(self, name: str, key: int | str, value: str, *, append: bool = False) -> None:
        """Assign one element of an array, which comes into being if need be."""
        name = self.target(name)
        variable = self.table.setdefault(name, Variable())
        if variable.readonly:
            raise ShellError("readonly", name)
        if not isinstance(variable.value, dict):
            old_scalar = variable.value
            variable.value = {} if old_scalar is None else {0: old_scalar}
        elements = variable.value
        if isinstance(key, int) and key < 0:
            key += max((k for k in elements if isinstance(k, int)), default=-1) + 1
            if key < 0:
                raise ShellError("subscript", name)
        old = elements.get(key, "")
        elements[key] = self._converted(variable, value, old, append)
        self.account(len(elements[key]) - len(old) + (0 if old else OVERHEAD))

    def set_array(self, name: str, values: dict[int, str] | Array) -> None:
        """Replace a whole array, keeping the attributes."""
        name = self.target(name)
        variable = self.table.setdefault(name, Variable())
        if variable.readonly:
            raise ShellError("readonly", name)
        self.account(sum(len(text) + OVERHEAD for text in values.values()))
        variable.value = dict(values.items())

    def unset(self, name: str) -> None:
        """Remove a variable; one that is local leaves the name unset in its function."""
        name = self.target(name)
        variable = self.table.get(name)
        if variable is None:
            self.dynamic.pop(name, None)
            return
        if variable.readonly:
            raise ShellError("unset readonly", name)
        if isinstance(variable.value, str):
            self.account(-len(variable.value))
        if self.frames and name in self.frames[-1]:
            self.table[name] = Variable()
        else:
            del self.table[name]

    def declare(self, name: str) -> Variable:
        """The variable as it is, made (unset) if need be."""
        return self.table.setdefault(name, Variable())

    # ---- scopes -----------------------------------------------------------------------------------

    def push(self) -> None:
        """Enter a function."""
        self.frames.append({})

    def pop(self) -> None:
        """Leave a function: what was local gets its outer value back."""
        for name, variable in self.frames.pop().items():
            if variable is None:
                self.table.pop(name, None)
            else:
                self.table[name] = variable

    def localize(self, name: str, *, inherit: bool) -> Variable:
        """Make `name` local to the running function, with the outer value if `inherit`."""
        frame = self.frames[-1]
        if name not in frame:
            outer = self.table.get(name)
            if outer is not None and outer.readonly:
                raise ShellError("readonly", name)
            frame[name] = outer
            if inherit:
                self.table[name] = outer.copy() if outer is not None else Variable()
            else:
                self.table[name] = Variable(exported=outer.exported if outer else False)
        return self.table[name]
