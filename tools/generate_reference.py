"""Write docs/reference/rules.md and lifecycles.md from the code and its tests; --check only says whether they are so.

Usage: python tools/generate_reference.py [--check]
"""

import argparse
import difflib
import sys
from collections.abc import Iterator
from typing import Any

import rule_catalogue
from csdomain.kernel.lifecycle import Step
from rule_catalogue import ROOT

REFERENCE = ROOT / "docs" / "reference"
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
            yield from ("", "```mermaid", lifecycle.mermaid(path).rstrip("\n"), "```")
        yield from ("", "| move | from | to | permission | rule |", "| --- | --- | --- | --- | --- |")
        yield from map(row, lifecycle.steps)


def row(step: Step[Any, Any]) -> str:
    source = step.source.value if step.source is not None else "(opens)"
    rule = f"[{step.rule.id}](rules.md#{step.rule.id.lower()})"
    return f"| {step.trigger.value} | {source} | {step.dest.value} | `{step.action}` | {rule} |"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--check", action="store_true")
    check = options.parse_args().check
    stale = False
    for name, text in (("rules.md", rules_page()), ("lifecycles.md", lifecycles_page())):
        path = REFERENCE / name
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
        print("docs/reference is not what the code says: run `make docs`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
