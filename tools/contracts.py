"""Architecture contracts of our own for import-linter: layers inside every context, and which packages may be used."""

import sys
from collections.abc import Mapping, Set
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.contracts.layers import LayersContract
from importlinter.domain.imports import ModuleExpression


class ContextLayers(LayersContract):
    """`layers` inside each context: every package of ``root`` but the ``others``, so that no new one is forgotten."""

    type_name = "context_layers"

    root = fields.StringField()
    others = fields.SetField(subfield=fields.StringField())

    def validate(self) -> None:
        """Stand in for the containers, which are only known from the graph."""
        options: Any = self
        options.containers = [ModuleExpression(options.root)]
        super().validate()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the contexts, then check as any layers contract."""
        found: Any = self
        names = {name.rpartition(".")[2] for name in graph.find_children(found.root)} - found.others
        packages = [f"{found.root}.{name}" for name in sorted(names) if graph.find_children(f"{found.root}.{name}")]
        found.containers = [ModuleExpression(package) for package in packages]
        return super().check(graph, verbose) if packages else ContractCheck(kept=True)


class AllowedPackages(Contract):
    """The modules of ``source`` import nothing from outside but the standard library and the ``allowed`` packages."""

    type_name = "allowed_packages"

    source = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField())
    excepted = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at each direct import; an import inside a function or under TYPE_CHECKING counts too."""
        options: Any = self
        excepted = set(options.excepted or ())
        ours = {m for m in graph.modules if inside(m, options.source) and not any(inside(m, e) for e in excepted)}
        roots = {module.partition(".")[0] for module in graph.modules if not graph.is_module_squashed(module)}
        allowed = options.allowed | sys.stdlib_module_names | roots
        refused = []
        for module in sorted(ours):
            for imported in sorted(graph.find_modules_directly_imported_by(module)):
                if imported.partition(".")[0] not in allowed:
                    lines = [d["line_number"] for d in graph.get_import_details(importer=module, imported=imported)]
                    refused.append((module, imported, lines))
        return ContractCheck(kept=not refused, metadata={"refused": refused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line an import."""
        for module, imported, lines in check.metadata["refused"]:
            output.print_error(f"{module} imports {imported} (l. {', '.join(map(str, lines))})")


class NoCircles(Contract):
    """No modules import each other in a circle; an import inside a function or under TYPE_CHECKING counts too."""

    type_name = "no_circles"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find the groups of modules of which each reaches each other one."""
        ours = sorted(module for module in graph.modules if not graph.is_module_squashed(module))
        imported = {module: graph.find_modules_directly_imported_by(module) for module in ours}
        return ContractCheck(kept=not (found := circles(imported)), metadata={"circles": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line a circle."""
        for circle in check.metadata["circles"]:
            output.print_error(f"import each other in a circle: {', '.join(circle)}")


def circles(imported: Mapping[str, Set[str]]) -> list[list[str]]:
    """Groups of two modules or more that reach each other, each sorted.

    Modules that import nothing are taken away until none is left that does; of the rest, each is grouped with those
    that reach it and are reached by it.
    """
    left = {module: set(others) & set(imported) - {module} for module, others in imported.items()}
    while ends := {module for module, others in left.items() if not others & set(left)}:
        left = {module: others for module, others in left.items() if module not in ends}
    found: list[list[str]] = []
    reached = {module: reach(module, left) for module in left}
    for module in sorted(left):
        group = sorted(other for other in reached[module] if module in reached[other])
        if group and group not in found:
            found.append(group)
    return found


def reach(module: str, imported: Mapping[str, Set[str]]) -> set[str]:
    """The modules that ``module`` imports, by however many steps."""
    seen: set[str] = set()
    ahead = [module]
    while ahead:
        for other in imported.get(ahead.pop(), frozenset()):
            if other in imported and other not in seen:
                seen.add(other)
                ahead.append(other)
    return seen


def inside(module: str, package: str) -> bool:
    """Whether ``module`` is ``package`` or within it."""
    return module == package or module.startswith(f"{package}.")
