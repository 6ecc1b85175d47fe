"""The mutants of a module: what can be changed in it so that its tests ought to fail.

Not changed: texts for people (`Text`, f-strings, other strings), annotations, decorators, `__all__`, overloads, and
`strict` of `zip`, which only guards against a fault of the code itself. Of the facts of an error the first is left out.
A first assignment to a local name is not removed: nothing runs without it, so that would prove nothing.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

_SWAPPED: Final[dict[type[ast.AST], tuple[str, str]]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.And: ("and", "or"),
    ast.Or: ("or", "and"),
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "//"),
    ast.FloorDiv: ("//", "*"),
    ast.Div: ("/", "*"),
    ast.Mod: ("%", "//"),
    ast.Pow: ("**", "*"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_RENAMED: Final = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "bisect_left": "bisect_right",
    "bisect_right": "bisect_left",
    "reversed": "list",
}
_DROPPED: Final = {"key", "reverse", "default", "initial"}
_FOR_PEOPLE: Final = {"Text", "Rule"}
_IMPORT_ONLY: Final = {"TypeVar", "overload"}
_REMOVED: Final = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Raise | ast.Delete
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Mutant(NamedTuple):
    """One change: bytes `start` to `end` of the source become `text`, on lines `first` to `last`.

    `scope` is the qualified name of the function or class it lies in; what is `at_import` runs when the module loads.
    """

    start: int
    end: int
    text: str
    first: int
    last: int
    kind: str
    scope: str
    at_import: bool

    def applied(self, source: str) -> str:
        """The source with the change in it."""
        raw = source.encode()
        return (raw[: self.start] + self.text.encode() + raw[self.end :]).decode()


class _Finder:
    def __init__(self, source: str) -> None:
        self.raw = source.encode()
        self.starts = [0]
        for line in self.raw.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.scope: list[str] = []
        self.functions = 0
        self.assigned: Counter[str] = Counter()
        self.found: list[Mutant] = []

    # --- places -------------------------------------------------------------------------------------------------------

    def span(self, node: ast.AST) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.raw[start:end].decode()

    def add(self, kind: str, node: ast.AST, text: str, span: tuple[int, int] | None = None) -> None:
        start, end = span or self.span(node)
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        scope = ".".join(self.scope) or "<module>"
        self.found.append(Mutant(start, end, text, first, last, kind, scope, not self.functions))

    def swap(self, kind: str, node: ast.AST, operator: ast.AST, left: ast.AST, right: ast.AST) -> None:
        """Another operator between two operands."""
        if type(operator) not in _SWAPPED:
            return
        old, new = _SWAPPED[type(operator)]
        start, end = self.span(left)[1], self.span(right)[0]
        gap = self.raw[start:end].decode()
        matches = list(re.finditer(r"\s+".join(map(re.escape, old.split())), gap))
        if len(matches) == 1:
            at = [start + len(gap[:place].encode()) for place in matches[0].span()]
            self.add(kind, node, new, (at[0], at[1]))

    # --- the walk -----------------------------------------------------------------------------------------------------

    def visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and self.text(node.test) == "TYPE_CHECKING"):
            return
        if isinstance(node, _Function | ast.Lambda | ast.ClassDef):
            self.definition(node)
            return
        if isinstance(node, ast.Call) and self.call(node):
            return
        handler = getattr(self, f"on_{type(node).__name__.lower()}", None)
        if handler is not None:
            handler(node)
        if self.functions and isinstance(node, _REMOVED):
            self.removable(node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params", "ctx"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    self.visit(child)

    def definition(self, node: _Function | ast.Lambda | ast.ClassDef) -> None:
        decorators = [self.text(d) for d in getattr(node, "decorator_list", [])]
        if _IMPORT_ONLY.intersection(decorators):
            return
        if not isinstance(node, ast.ClassDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    self.visit(default)
        outer, self.assigned = self.assigned, Counter()
        self.scope.append(getattr(node, "name", "<lambda>"))
        self.functions += not isinstance(node, ast.ClassDef)
        if isinstance(node, _Function):
            self.assigned.update(a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
            stores = (n for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
            self.assigned.update(name.id for name in stores)
        for child in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(child)
        self.functions -= not isinstance(node, ast.ClassDef)
        self.scope.pop()
        self.assigned = outer

    # --- expressions --------------------------------------------------------------------------------------------------

    def on_compare(self, node: ast.Compare) -> None:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, node.comparators, strict=False):
            self.swap("comparison", node, operator, left, right)

    def on_boolop(self, node: ast.BoolOp) -> None:
        for left, right in zip(node.values, node.values[1:], strict=False):
            self.swap("and/or", node, node.op, left, right)

    def on_binop(self, node: ast.BinOp) -> None:
        types = isinstance(node.op, ast.BitOr) and not self.functions  # X = A | B
        if not types:
            self.swap("arithmetic", node, node.op, node.left, node.right)

    def on_unaryop(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not | ast.USub):
            kind = "not removed" if isinstance(node.op, ast.Not) else "minus removed"
            self.add(kind, node, self.text(node.operand))

    def on_constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.add("constant", node, str(not node.value))
        elif isinstance(node.value, int):
            self.add("constant", node, str(node.value + 1))
            self.add("constant", node, str(node.value - 1))

    def on_ifexp(self, node: ast.IfExp) -> None:
        self.add("one arm", node, self.text(node.body))
        self.add("one arm", node, self.text(node.orelse))
        self.negated(node.test)

    def on_slice(self, node: ast.Slice) -> None:
        for bound in (node.lower, node.upper):
            if bound is not None:
                self.add("open slice", bound, "")

    def on_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.negated(test)

    def negated(self, test: ast.expr) -> None:
        """Conditions that are no comparison of their own."""
        if isinstance(test, ast.BoolOp):
            for value in test.values:
                self.negated(value)
        elif not isinstance(test, ast.Compare | ast.UnaryOp | ast.Constant):
            self.add("condition negated", test, f"(not {self.text(test)})")

    def call(self, node: ast.Call) -> bool:
        """Whether nothing inside it is of interest."""
        name = node.func.id if isinstance(node.func, ast.Name) else self.text(node.func)
        if name in _FOR_PEOPLE or name in _IMPORT_ONLY:
            return True
        if name in ("isinstance", "zip"):
            self.visit(node.args[0])
            return True
        if name in _RENAMED:
            self.add("another function", node.func, _RENAMED[name])
        if name == "sorted" and not node.keywords:
            self.add("another function", node.func, "list")
        for keyword in node.keywords:
            if keyword.arg in _DROPPED or (name == "attrs.evolve" and keyword.arg):
                self.without(node, keyword)
        if name == "require":
            self.first_fact(node)
        return False

    def without(self, node: ast.Call, keyword: ast.keyword) -> None:
        """The call with one argument less."""
        start, end = self.span(keyword)
        tail = re.match(rb"\s*,", self.raw[end:])
        end += tail.end() if tail else 0
        self.add("argument left out", keyword, "", (start, end))

    def first_fact(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg not in (None, "accepted"):
                self.without(node, keyword)
                return

    # --- statements ---------------------------------------------------------------------------------------------------

    def on_if(self, node: ast.If | ast.While) -> None:
        self.negated(node.test)

    on_while = on_if

    def on_augassign(self, node: ast.AugAssign) -> None:
        target, value = node.target, node.value
        self.swap("arithmetic", node, node.op, target, value)
        self.add("assignment", node, f"{self.text(target)} = {self.text(value)}")

    def on_return(self, node: ast.Return) -> None:
        value = node.value
        if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
            self.add("returns None", node, "return None")

    def on_yield(self, node: ast.Yield) -> None:
        if node.value is not None:
            self.add("yields None", node, "yield None")

    def on_raise(self, node: ast.Raise) -> None:
        if isinstance(node.exc, ast.Call):
            self.first_fact(node.exc)

    def on_expr(self, node: ast.Expr) -> None:
        if self.functions and isinstance(node.value, ast.Call):
            self.add("removed", node, "pass")

    def on_break(self, node: ast.Break) -> None:
        self.add("break/continue", node, "continue")

    def on_continue(self, node: ast.Continue) -> None:
        self.add("break/continue", node, "break")

    def removable(self, node: ast.stmt) -> None:
        targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else [getattr(node, "target", None)]
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return
        names = [
            n.id for t in targets if t for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        ]
        if isinstance(node, ast.Assign | ast.AnnAssign) and any(self.assigned[name] < 2 for name in names):
            return
        self.add("removed", node, "pass")


def mutants_of(source: str) -> list[Mutant]:
    """Every mutant of a module's source by its place in it; each can be compiled and differs from the source."""
    return list(_distinct(source))


def _distinct(source: str) -> Iterator[Mutant]:
    finder = _Finder(source)
    for statement in ast.parse(source).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            continue
        finder.found = []
        finder.visit(statement)
        # Tried on the statement alone: a whole module takes many times as long to parse.
        above = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", []))]) - 1
        start, end = finder.starts[above], finder.starts[statement.end_lineno or above]
        alone = finder.raw[start:end].decode()
        seen = {ast.dump(ast.parse(alone))}
        for mutant in sorted(finder.found):
            here = mutant._replace(start=mutant.start - start, end=mutant.end - start)
            for text in (mutant.text, f"({mutant.text})"):
                try:
                    dumped = ast.dump(ast.parse(here._replace(text=text).applied(alone)))
                except SyntaxError:
                    continue
                if dumped not in seen:
                    seen.add(dumped)
                    yield mutant._replace(text=text)
                break
