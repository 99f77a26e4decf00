"""awk's grammar, by recursive descent."""

from daemon.programs.tools.awk.lexer import AwkError, Lexer, Token
from daemon.programs.tools.awk.syntax import Function, Node, Program, Rule

_COMPARISONS = frozenset({"<", "<=", "==", "!=", ">", ">="})
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "^="})
_LVALUES = frozenset({"name", "index", "field"})
# What may begin an operand, so that two operands side by side are concatenated.
_STARTS = frozenset(
    {
        "number",
        "string",
        "regex",
        "name",
        "funcname",
        "builtin",
        "$",
        "!",
        "(",
        "-",
        "+",
        "++",
        "--",
    }
)


class Parser:
    """One program; `parse` gives its parts."""

    def __init__(self, text: str) -> None:
        self.tokens = Lexer(text).tokens()
        self.at = 0
        self.no_in = 0
        self.no_greater = 0
        self.program = Program()

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def kind(self) -> str:
        return self.tokens[self.at].kind

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, *kinds: str) -> bool:
        if self.kind in kinds:
            self.at += 1
            return True
        return False

    def expect(self, kind: str) -> Token:
        if self.kind != kind:
            raise self.error()
        return self.take()

    def error(self) -> AwkError:
        if self.kind == "end":
            return AwkError("missing } near end of file", self.token.line + 1)
        shown = {"newline": "end of line"}.get(self.kind, self.token.text)
        return AwkError(f"syntax error at or near {shown}", self.token.line)

    def skip_newlines(self) -> None:
        while self.accept("newline"):
            pass

    def skip_ends(self) -> None:
        while self.accept("newline", ";"):
            pass

    # --- items

    def parse(self) -> Program:
        self.skip_ends()
        while self.kind != "end":
            self._item()
            self.skip_ends()
        return self.program

    def _item(self) -> None:
        if self.accept("function"):
            self._function()
        elif self.accept("BEGIN"):
            self.skip_newlines()
            self.program.begin.append(self._action())
        elif self.accept("END"):
            self.skip_newlines()
            self.program.end.append(self._action())
        elif self.kind == "{":
            self.program.rules.append(Rule(None, None, self._action()))
        else:
            first = self.expression()
            second = None
            if self.accept(","):
                self.skip_newlines()
                second = self.expression()
            body = self._action() if self.kind == "{" else None
            self.program.rules.append(Rule(first, second, body))

    def _function(self) -> None:
        name = self.take().text
        self.expect("(")
        params = []
        self.skip_newlines()
        while self.kind != ")":
            params.append(self.take().text)
            if not self.accept(","):
                break
            self.skip_newlines()
        self.expect(")")
        self.skip_newlines()
        if name in self.program.functions:
            raise AwkError(f"function {name} is defined twice", self.token.line)
        self.program.functions[name] = Function(name, params, self._action())

    def _action(self) -> Node:
        self.expect("{")
        body = self._statements()
        self.expect("}")
        return body

    def _statements(self) -> Node:
        found: list[Node | None] = []
        self.skip_ends()
        while self.kind not in ("}", "end"):
            found.append(self.statement())
            self.skip_ends()
        return Node("block", "", found)

    # --- statements

    def statement(self) -> Node:
        handler = _STATEMENTS.get(self.kind)
        line = self.token.line
        if handler:
            made: Node = handler(self)
        else:
            made = self._simple()
            self._end_simple()
        made.line = line
        return made

    def _end_simple(self) -> None:
        if self.kind in ("}", "end"):
            return
        if not self.accept(";", "newline"):
            raise self.error()

    def _block(self) -> Node:
        return self._action()

    def _empty(self) -> Node:
        self.take()
        return Node("block")

    def _condition(self) -> Node:
        self.expect("(")
        test = self.expression()
        self.expect(")")
        self.skip_newlines()
        return test

    def _body(self) -> Node:
        if self.accept(";"):
            return Node("block")
        return self.statement()

    def _if(self) -> Node:
        self.take()
        test = self._condition()
        then = self._body()
        before = self.at
        self.skip_ends()
        if self.accept("else"):
            self.skip_newlines()
            return Node("if", "", [test, then, self._body()])
        self.at = before
        return Node("if", "", [test, then, None])

    def _while(self) -> Node:
        self.take()
        test = self._condition()
        return Node("while", "", [test, self._body()])

    def _do(self) -> Node:
        self.take()
        self.skip_newlines()
        body = self._body()
        self.skip_ends()
        self.expect("while")
        self.expect("(")
        test = self.expression()
        self.expect(")")
        self._end_simple()
        return Node("do", "", [body, test])

    def _for(self) -> Node:
        self.take()
        self.expect("(")
        kinds = [token.kind for token in self.tokens[self.at : self.at + 4]]
        if kinds[0] == "name" and kinds[1] == "in" and kinds[2] == "name" and kinds[3] == ")":
            name = self.take().text
            self.take()
            array = self.take().text
            self.expect(")")
            self.skip_newlines()
            return Node("forin", name, [Node("name", array), self._body()])
        start = None if self.kind == ";" else self._simple()
        self.expect(";")
        self.skip_newlines()
        test = None if self.kind == ";" else self.expression()
        self.expect(";")
        self.skip_newlines()
        step = None if self.kind == ")" else self._simple()
        self.expect(")")
        self.skip_newlines()
        return Node("for", "", [start, test, step, self._body()])

    def _jump(self) -> Node:
        kind = self.take().kind
        self._end_simple()
        return Node(kind)

    def _leave(self) -> Node:
        kind = self.take().kind
        value = None if self.kind in (";", "newline", "}", "end") else self.expression()
        self._end_simple()
        return Node(kind, "", [value])

    def _simple(self) -> Node:
        if self.kind in ("print", "printf"):
            return self._print()
        if self.kind == "delete":
            self.take()
            name = self.take().text
            if self.accept("["):
                return Node("delete", name, [self._subscript()])
            return Node("delete", name, [None])
        return Node("expression", "", [self.expression()])

    def _print(self) -> Node:
        kind = self.take().kind
        values: list[Node | None] = []
        self.no_greater += 1
        if self.kind not in (";", "newline", "}", "end", ">", ">>", "|"):
            values = self._print_list()
        self.no_greater -= 1
        target = None
        mode = ""
        if self.kind in (">", ">>", "|"):
            mode = self.take().kind
            self.no_greater += 1
            target = self._concatenation()
            self.no_greater -= 1
        return Node(kind, mode, [target, *values])

    def _print_list(self) -> list[Node | None]:
        start = self.at
        if self.kind == "(":
            inside = self._parenthesized_list()
            if inside is not None and self.kind in (";", "newline", "}", "end", ">", ">>", "|"):
                return inside
            self.at = start
        values: list[Node | None] = [self.expression()]
        while self.accept(","):
            self.skip_newlines()
            values.append(self.expression())
        return values

    def _parenthesized_list(self) -> list[Node | None] | None:
        """`print (a, b) > file`: the list in parentheses, or None if it is an expression's beginning."""
        saved, self.no_greater = self.no_greater, 0
        try:
            self.take()
            values: list[Node | None] = [self.expression()]
            while self.accept(","):
                self.skip_newlines()
                values.append(self.expression())
            return values if self.accept(")") else None
        except AwkError:
            return None
        finally:
            self.no_greater = saved

    # --- expressions, from the loosest to the tightest

    def expression(self) -> Node:
        left = self._ternary()
        if self.kind in _ASSIGNMENTS and left.kind in _LVALUES:
            operator = self.take().kind
            self.skip_newlines()
            return Node("assign", operator, [left, self.expression()])
        return left

    def _ternary(self) -> Node:
        test = self._or()
        if not self.accept("?"):
            return test
        self.skip_newlines()
        yes = self.expression()
        self.skip_newlines()
        self.expect(":")
        self.skip_newlines()
        return Node("ternary", "", [test, yes, self.expression()])

    def _or(self) -> Node:
        left = self._and()
        while self.accept("||"):
            self.skip_newlines()
            left = Node("or", "", [left, self._and()])
        return left

    def _and(self) -> Node:
        left = self._in()
        while self.accept("&&"):
            self.skip_newlines()
            left = Node("and", "", [left, self._in()])
        return left

    def _in(self) -> Node:
        left = self._match()
        while self.kind == "in" and not self.no_in:
            self.take()
            left = Node("in", self.expect("name").text, [left])
        return left

    def _match(self) -> Node:
        left = self._comparison()
        while self.kind in ("~", "!~"):
            operator = self.take().kind
            left = Node("match", operator, [left, self._comparison()])
        return left

    def _comparison(self) -> Node:
        left = self._concatenation()
        while True:
            if self.kind == "|" and self.tokens[self.at + 1].kind == "getline":
                self.take()
                self.take()
                left = Node("getline", "|", [self._optional_lvalue(), left])
            elif self.kind in _COMPARISONS and not (self.kind == ">" and self.no_greater):
                operator = self.take().kind
                left = Node("compare", operator, [left, self._concatenation()])
            else:
                return left

    def _concatenation(self) -> Node:
        left = self._additive()
        while self.kind in _STARTS and self.kind not in ("+", "-"):
            left = Node("concat", "", [left, self._additive()])
        return left

    def _additive(self) -> Node:
        left = self._multiplicative()
        while self.kind in ("+", "-"):
            operator = self.take().kind
            left = Node("binary", operator, [left, self._multiplicative()])
        return left

    def _multiplicative(self) -> Node:
        left = self._unary()
        while self.kind in ("*", "/", "%"):
            operator = self.take().kind
            left = Node("binary", operator, [left, self._unary()])
        return left

    def _unary(self) -> Node:
        if self.kind in ("!", "-", "+"):
            operator = self.take().kind
            return Node("unary", operator, [self._unary()])
        return self._power()

    def _power(self) -> Node:
        base = self._postfix()
        if self.accept("^"):
            exponent = self._unary() if self.kind in ("-", "+", "!") else self._power()
            return Node("binary", "^", [base, exponent])
        return base

    def _postfix(self) -> Node:
        operand = self._primary()
        if self.kind in ("++", "--") and operand.kind in _LVALUES:
            return Node("post", self.take().kind, [operand])
        return operand

    def _primary(self) -> Node:
        handler = _PRIMARIES.get(self.kind)
        if handler is None:
            raise self.error()
        made: Node = handler(self)
        return made

    def _literal(self) -> Node:
        token = self.take()
        return Node(token.kind, token.text, line=token.line)

    def _dollar(self) -> Node:
        self.take()
        if self.kind in ("++", "--"):
            return Node("field", "", [self._prefix()])
        if self.kind in ("-", "+", "!"):
            operator = self.take().kind
            return Node("field", "", [Node("unary", operator, [self._primary()])])
        return Node("field", "", [self._primary()])

    def _prefix(self) -> Node:
        operator = self.take().kind
        operand = self._primary()
        if operand.kind not in _LVALUES:
            raise self.error()
        return Node("pre", operator, [operand])

    def _name(self) -> Node:
        token = self.take()
        if self.accept("["):
            return Node("index", token.text, [self._subscript()], token.line)
        return Node("name", token.text, line=token.line)

    def _subscript(self) -> Node:
        keys = self._list("]")
        self.expect("]")
        return keys[0] if len(keys) == 1 else Node("subscript", "", list(keys))

    def _list(self, closing: str) -> list[Node]:
        saved = self.no_greater, self.no_in
        self.no_greater = self.no_in = 0
        values: list[Node] = []
        self.skip_newlines()
        while self.kind != closing:
            values.append(self.expression())
            self.skip_newlines()
            if not self.accept(","):
                break
            self.skip_newlines()
        self.no_greater, self.no_in = saved
        return values

    def _call(self) -> Node:
        token = self.take()
        self.expect("(")
        values = self._list(")")
        self.expect(")")
        return Node("call", token.text, list(values), token.line)

    def _builtin(self) -> Node:
        token = self.take()
        values: list[Node] = []
        if self.accept("("):
            values = self._list(")")
            self.expect(")")
        elif token.text != "length":
            raise self.error()
        return Node("builtin", token.text, list(values), token.line)

    def _grouping(self) -> Node:
        self.take()
        values = self._list(")")
        self.expect(")")
        if not values:
            raise self.error()
        if len(values) == 1:
            return Node("group", "", [values[0]])
        if self.kind != "in":
            raise self.error()
        self.take()
        key = Node("subscript", "", list(values))
        return Node("in", self.expect("name").text, [key])

    def _optional_lvalue(self) -> Node | None:
        if self.kind in ("name", "$"):
            return self._primary()
        return None

    def _getline(self) -> Node:
        self.take()
        target = self._optional_lvalue()
        if self.accept("<"):
            return Node("getline", "<", [target, self._postfix()])
        return Node("getline", "", [target])


_STATEMENTS = {
    "{": Parser._block,
    ";": Parser._empty,
    "if": Parser._if,
    "while": Parser._while,
    "do": Parser._do,
    "for": Parser._for,
    "break": Parser._jump,
    "continue": Parser._jump,
    "next": Parser._jump,
    "nextfile": Parser._jump,
    "exit": Parser._leave,
    "return": Parser._leave,
}
_PRIMARIES = {
    "number": Parser._literal,
    "string": Parser._literal,
    "regex": Parser._literal,
    "$": Parser._dollar,
    "++": Parser._prefix,
    "--": Parser._prefix,
    "name": Parser._name,
    "funcname": Parser._call,
    "builtin": Parser._builtin,
    "(": Parser._grouping,
    "getline": Parser._getline,
    "-": Parser._unary,
    "+": Parser._unary,
    "!": Parser._unary,
}
