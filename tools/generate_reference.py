"""Write docs/reference/rules.md and lifecycles.md from the code and its tests, and the diagrams of other pages.

A page has a diagram between `<!-- drawn: LIFECYCLE [PATH] [without MOVE …] -->` and `<!-- /drawn -->`. --check only
says whether all is as the code says.

Usage: python tools/generate_reference.py [--check]
"""

import argparse
import difflib
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import rule_catalogue
from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from rule_catalogue import ROOT

REFERENCE = ROOT / "docs" / "reference"
DRAWN = re.compile(
    r"(?P<mark><!-- drawn: (?P<name>\w+)(?: (?!without )(?P<path>\w+))?(?: without (?P<without>[\w ]+))? -->)"
    r".*?(?P<end><!-- /drawn -->)",
    re.DOTALL,
)
#: A diagram of more lines than LARGE is drawn without its notes, and without a move that leads from MANY states to one.
LARGE, MANY = 30, 4
NOTE = "<!-- Made by `make docs` from the code; changes by hand are lost. -->"


def rules_page() -> str:
    """Every rule: its sentence in both languages, its source, the code that serves it, the tests that hold it."""
    return "\n".join(rules_lines()) + "\n"


def rules_lines() -> Iterator[str]:
    rules, homes = rule_catalogue.find_rules(), rule_catalogue.homes()
    places, tests = rule_catalogue.code_places(), rule_catalogue.tests()
    yield from (NOTE, "", "# Rules", "")
    yield "What holds in csdomain, one constant each. An error carries its rule; a test names the rule it proves."
    yield from ("", "| rule | says | 规则 |", "| --- | --- | --- |")
    for rule in rules.values():
        yield f"| [{rule.id}](#{rule.id.lower()}) | {rule.sentence} | {rule.zh} |"
    context = ""
    for rule in rules.values():
        home = homes.get(rule.id, "")
        area = home.split(".")[1] if home else "elsewhere"
        if area != context:
            context = area
            yield from ("", f"## {area.replace('_', ' ').capitalize()}")
        yield from ("", f"### {rule.id}", "", f"{rule.sentence}  ", rule.zh, "")
        yield f"- Source: {rule.source}"
        yield f"- Constant: `{home}`"
        for title, found in (("Code", places.get(rule.id, [])), ("Tests", tests.get(rule.id, []))):
            yield f"- {title}: " + (", ".join(f"`{place}`" for place in found) or "none")


def lifecycles_page() -> str:
    """Every lifecycle: its diagram, one a path where it has several, and its table of moves."""
    return "\n".join(lifecycles_lines()) + "\n"


def lifecycles_lines() -> Iterator[str]:
    yield from (NOTE, "", "# Lifecycles", "")
    yield "The moves of each case type, drawn from the tables that the code runs on. No other move exists (KRN-07)."
    for lifecycle in rule_catalogue.find_lifecycles():
        yield from ("", f"## {lifecycle.name.replace('_', ' ').capitalize()}")
        for path in lifecycle.paths or (None,):
            if path is not None:
                yield from ("", f"### {lifecycle.name.replace('_', ' ').capitalize()}: {path}")
            yield from ("", *drawn(lifecycle, path))
        yield from ("", "| move | from | to | permission | rule |", "| --- | --- | --- | --- | --- |")
        yield from map(row, lifecycle.steps)


def drawn(lifecycle: Lifecycle[Any, Any], path: str | None) -> Iterator[str]:
    """The diagram of a path; of a large one only what can be read, and in words what is left to the table."""
    lines, without = lifecycle.mermaid(path).splitlines(), list[str]()
    if len(lines) > LARGE:
        ways = Counter((s.trigger.value, s.dest) for s in lifecycle.steps if s.on(path) and s.source is not s.dest)
        without = [trigger for (trigger, _), count in ways.items() if count >= MANY]
        lines = outline(lines, without)
    yield from ("```mermaid", *lines, "```")
    if len(lines) < len(lifecycle.mermaid(path).splitlines()):
        often = ", ".join(f"`{trigger}`" for trigger in without)
        yield from (
            "",
            f"Not drawn: moves that stay in a state{often and f', and {often}, possible in many'}. See the table.",
        )


def row(step: Step[Any, Any]) -> str:
    source = step.source.value if step.source is not None else "(opens)"
    rule = f"[{step.rule.id}](rules.md#{step.rule.id.lower()})"
    return f"| {step.trigger.value} | {source} | {step.dest.value} | `{step.action}` | {rule} |"


def redrawn(text: str) -> str:
    """A page with its diagrams as the lifecycles are now. Raises CatalogueError where there is no such lifecycle."""
    known = {lifecycle.name: lifecycle for lifecycle in rule_catalogue.find_lifecycles()} if DRAWN.search(text) else {}

    def draw(place: re.Match[str]) -> str:
        lifecycle, path, without = known.get(place["name"]), place["path"], (place["without"] or "").split()
        if lifecycle is None or (path is not None and path not in lifecycle.paths):
            raise rule_catalogue.CatalogueError(f"nothing to draw for {place['mark']}")
        unknown = set(without) - {step.trigger.value for step in lifecycle.steps}
        if unknown:
            raise rule_catalogue.CatalogueError(f"no move {', '.join(sorted(unknown))} in {place['mark']}")
        diagram = "\n".join(outline(lifecycle.mermaid(path).splitlines(), without))
        return f"{place['mark']}\n\n```mermaid\n{diagram}\n```\n\n{place['end']}"

    return DRAWN.sub(draw, text)


def outline(lines: list[str], without: Collection[str]) -> list[str]:
    """A diagram without some moves, the states that only they lead to, and the notes of moves that stay in a state."""
    kept = [line for line in lines if line.rpartition(": ")[2] not in without and "note right of" not in line]
    reached = {line.partition(" --> ")[2].partition(":")[0] for line in kept}
    return [line for line in kept if not line.endswith("--> [*]") or line.split()[0] in reached]


def pages() -> Iterator[tuple[Path, str]]:
    """Every page that comes from the code, as a whole or in its diagrams, and what it should say."""
    yield REFERENCE / "rules.md", rules_page()
    yield REFERENCE / "lifecycles.md", lifecycles_page()
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if DRAWN.search(text):
            yield path, redrawn(text)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true")
    check = options.parse_args().check
    stale = False
    for path, text in pages():
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        if before == text:
            continue
        if check:
            stale = True
            lines = before.splitlines(), text.splitlines()
            difference = difflib.unified_diff(*lines, str(path), "code", lineterm="", n=1)
            print("\n".join(list(difference)[:40]))
        else:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if stale:
        print("the docs are not what the code says: run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
