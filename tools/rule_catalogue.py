"""Every rule and lifecycle that the code declares, where code serves a rule, and which tests hold it to the rule."""

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from csdomain.kernel.cases.lifecycle import Lifecycle
from csdomain.kernel.rules import Rule

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("csdomain", "csdomain_adapters")
_ID = re.compile(r"\b[A-Z]{3,8}-[0-9]{2,4}\b")
#: Migrations run inside Alembic or Django only; models and admin pages are imported by a Django project only.
_ELSEWHERE = re.compile(r"\.migrations\.|\.django\.(models|admin)$")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class CatalogueError(Exception):
    """Two constants share an id, or a mark names what is no rule."""


def modules() -> Iterator[ModuleType]:
    """Each module of both packages, imported, in the order of their names."""
    for package in PACKAGES:
        top = importlib.import_module(package)
        yield top
        for found in sorted(pkgutil.walk_packages(top.__path__, f"{package}."), key=lambda m: m.name):
            if not found.name.endswith("__main__") and not _ELSEWHERE.search(found.name):
                yield importlib.import_module(found.name)


def find_rules() -> dict[str, Rule]:
    """Rule by id. Raises :class:`CatalogueError` where one id stands in two constants."""
    rules: dict[str, Rule] = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, Rule) and rules.setdefault(value.id, value) is not value:
                raise CatalogueError(f"{value.id} is declared twice; again as {module.__name__}.{name}")
    return dict(sorted(rules.items()))


def find_lifecycles() -> list[Lifecycle[Any, Any]]:
    """Each lifecycle once, by name."""
    found = {id(v): v for m in modules() for v in vars(m).values() if isinstance(v, Lifecycle)}
    return sorted(found.values(), key=lambda lifecycle: lifecycle.name)


def homes() -> dict[str, str]:
    """Rule id to `module.CONSTANT` where it is declared."""
    found: dict[str, str] = {}
    for module, tree in parsed():
        for statement in tree.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if isinstance(statement, ast.AnnAssign):
                targets = [statement.target]
            for target in targets:
                value = vars(module).get(target.id) if isinstance(target, ast.Name) else None
                if isinstance(value, Rule) and isinstance(target, ast.Name):
                    found.setdefault(value.id, f"{module.__name__}.{target.id}")
    return found


def parsed() -> Iterator[tuple[ModuleType, ast.Module]]:
    for module in modules():
        if module.__file__:
            yield module, ast.parse(Path(module.__file__).read_text(encoding="utf-8"))


def code_places() -> dict[str, list[str]]:
    """Rule id to the functions and classes that use its constant or cite it in their docstring."""
    places: dict[str, set[str]] = defaultdict(set)

    def walk(node: ast.AST, where: str, names: Mapping[str, object]) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _Definition):
                inner = f"{where}.{child.name}"
                for rule in _ID.findall(ast.get_docstring(child) or ""):
                    places[rule].add(inner)
                walk(child, inner, names)
                continue
            rule_here = resolve(child, names)
            if rule_here is not None and where != str(names["__name__"]):
                places[rule_here.id].add(where)
            walk(child, where, names)

    for module, tree in parsed():
        for rule in _ID.findall(ast.get_docstring(tree) or ""):
            places[rule].add(module.__name__)
        walk(tree, module.__name__, vars(module))
    return {rule: sorted(found) for rule, found in places.items()}


def resolve(node: ast.AST, names: Mapping[str, object]) -> Rule | None:
    """The rule that a name or a dotted name stands for."""
    value: object = None
    if isinstance(node, ast.Name):
        value = names.get(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        value = getattr(names.get(node.value.id), node.attr, None)
    # By its type: Django's settings, asked for their class, want a project.
    return cast("Rule", value) if issubclass(type(value), Rule) else None


# --- tests ------------------------------------------------------------------------------------------------------------


def tests() -> dict[str, list[str]]:
    """Rule id to the tests marked with it, as `tests/…/test_x.py::test_y`, read from the source."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        file = path.relative_to(ROOT).as_posix()
        names = imported_names(tree)
        whole = [s.value for s in tree.body if isinstance(s, ast.Assign) and _assigns(s, "pytestmark")]
        _collect(tree, file, _marked(whole, names, file), names, found)
    return {rule: sorted(places) for rule, places in found.items()}


def _collect(
    tree: ast.Module | ast.ClassDef,
    where: str,
    given: list[str],
    names: Mapping[str, object],
    found: dict[str, set[str]],
) -> None:
    for node in tree.body:
        marks = given + _marked(node.decorator_list, names, where) if isinstance(node, _Definition) else []
        if isinstance(node, ast.ClassDef):
            whole = [s.value for s in node.body if isinstance(s, ast.Assign) and _assigns(s, "pytestmark")]
            _collect(node, f"{where}::{node.name}", marks + _marked(whole, names, where), names, found)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            for rule in marks:
                found[rule].add(f"{where}::{node.name}")
        elif isinstance(node, ast.Assign):
            # TestIt = Machine.TestCase; TestIt.pytestmark = …, and marks on parameters
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and target.attr == "pytestmark" and isinstance(target.value, ast.Name):
                for rule in _marked([node.value], names, where):
                    found[rule].add(f"{where}::{target.value.id}")


def _assigns(statement: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in statement.targets)


def _marked(nodes: list[ast.expr], names: Mapping[str, object], where: str) -> list[str]:
    """The rules in `pytest.mark.rule(…)` anywhere inside ``nodes``."""
    rules = []
    for outer in nodes:
        for node in ast.walk(outer):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.rule"):
                for argument in node.args:
                    inner = argument
                    if isinstance(argument, ast.Attribute) and argument.attr == "id":
                        inner = argument.value  # RULE.id
                    rule = resolve(inner, names)
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        rules.append(argument.value)
                    elif rule is not None:
                        rules.append(rule.id)
                    else:
                        raise CatalogueError(f"{where}: `{ast.unparse(argument)}` in a mark is no rule")
    return rules


def imported_names(tree: ast.Module) -> dict[str, object]:
    """What the imports of a test file bind, as far as they come from the packages."""
    names: dict[str, object] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in PACKAGES:
            module = importlib.import_module(node.module)
            for alias in node.names:
                value = getattr(module, alias.name, None)
                if value is None and hasattr(module, "__path__"):
                    value = importlib.import_module(f"{node.module}.{alias.name}")
                names[alias.asname or alias.name] = value
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname and alias.name.partition(".")[0] in PACKAGES:
                    names[alias.asname] = importlib.import_module(alias.name)
    return names
