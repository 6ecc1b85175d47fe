"""The documentation site, into site/, and a look at what was built: what `make docs` and the gate `docs` run.

Usage: python tools/build_docs.py

Each command and question of each context must stand on the API page with its text, and no page may show a role of a
docstring raw. Exit 1 where something is missing.
"""

import inspect
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import get_type_hints

from csdomain.contexts import contexts
from csdomain.kernel.values.arguments import is_command

ROOT = Path(__file__).resolve().parent.parent
RAW = re.compile(r":(?:class|func|meth|mod|attr|data|exc|obj):(?:`|<code>)")
TAG = re.compile(r"<[^>]+>")


def missing(page: str) -> list[str]:
    """What the API page lacks: commands and questions, each by its name, or its text."""
    faults = []
    for service in services():
        for name, member in inspect.getmembers(service, inspect.isfunction):
            if not is_command(member):
                continue
            place = page.find(f'id="{service.__module__}.{service.__name__}.{name}"')
            said = " ".join(unescape(TAG.sub("", page[place : place + 20_000])).split())
            first = (inspect.getdoc(member) or "").split(". ")[0].split("\n")[0].split(":")[0].replace("``", "")[:40]
            if place < 0:
                faults.append(f"{service.__name__}.{name} is not on the page")
            elif not first or first not in said:
                faults.append(f"{service.__name__}.{name} stands there without its text: {first!r}")
    return faults


def services() -> list[type]:
    """The service of each context that has one."""
    made = [context.service for context in contexts()]
    found = [one if inspect.isclass(one) else get_type_hints(one).get("return") for one in made]
    return sorted({one for one in found if inspect.isclass(one)}, key=lambda each: each.__name__)


def main() -> int:
    built = subprocess.run([str(Path(sys.executable).parent / "zensical"), "build", "--strict", "--clean"], cwd=ROOT)
    if built.returncode:
        return built.returncode
    pages = sorted((ROOT / "site").rglob("*.html"))
    faults = [f"{page.relative_to(ROOT)}: a raw role" for page in pages if RAW.search(page.read_text("utf-8"))]
    faults += missing((ROOT / "site" / "reference" / "api" / "index.html").read_text("utf-8"))
    print("\n".join(faults) or f"{len(pages)} pages, every command of every context on the API page")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
