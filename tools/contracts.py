"""Architecture contracts of our own for import-linter: layers inside every context, and which packages may be used."""

import sys
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


def inside(module: str, package: str) -> bool:
    """Whether ``module`` is ``package`` or within it."""
    return module == package or module.startswith(f"{package}.")
