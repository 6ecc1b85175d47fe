"""Write the pages of docs/reference but api.md from what the code declares, and the diagrams of other pages.

A page has a diagram between `<!-- drawn: LIFECYCLE [PATH] [without MOVE …] -->` and `<!-- /drawn -->`. --check only
says whether all is as the code says.

Usage: python tools/generate_reference.py [--check]
"""

import argparse
import difflib
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import rule_catalogue
from csdomain.contexts import contexts
from csdomain.desk import load_rulebook
from csdomain.frame.describe import describe
from csdomain.frame.descriptions import Description, SectionDescription, SettingDescription
from csdomain.kernel.cases.lifecycle import Lifecycle, Step
from rule_catalogue import ROOT

REFERENCE = ROOT / "docs" / "reference"
BOOKS = ROOT / "src" / "csdomain" / "rulebook" / "books"
DRAWN = re.compile(
    r"(?P<mark><!-- drawn: (?P<name>\w+)(?: (?!without )(?P<path>\w+))?(?: without (?P<without>[\w ]+))? -->)"
    r".*?(?P<end><!-- /drawn -->)",
    re.DOTALL,
)
#: A diagram of more lines than LARGE is drawn without its notes, and without a move that leads from MANY states to one.
LARGE, MANY = 30, 4
#: The facts of every event and every move.
SAID_BY_ALL = frozenset({"subject", "by", "at", "move", "source", "dest"})
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


def commands_page(domain: Description) -> str:
    """Every command and question: how it is called, who may, the move it makes, the rules it holds."""
    return "\n".join(commands_lines(domain)) + "\n"


def commands_lines(domain: Description) -> Iterator[str]:
    yield from (NOTE, "", "# Commands and questions", "")
    yield "A command is a method of `desk.<context>`. Beside what is shown it takes `by` and `at`; one about a record"
    yield "takes its `id` first. What else it may take stands under *options*. The docstrings are in the [API](api.md)."
    for context in domain.contexts:
        for title, methods in (("commands", context.commands), ("questions", context.questions)):
            if not methods:
                continue
            yield from ("", f"## {context.name.capitalize()}: {title}", "")
            yield from ("| call | about a record | permission | move | options | rules |", "| --- " * 6 + "|")
            for one in methods:
                call = f"{one.name.rpartition('.')[0]}{'.' if '.' in one.name else ''}{one.signature}"
                told = (one.permissions, one.moves, one.options)
                permissions, moves, options = (", ".join(f"`{name}`" for name in names) for names in told)
                record = "yes" if one.takes_id else ""
                rules = ", ".join(map(cited, one.rules))
                yield f"| {code(call)} | {record} | {permissions} | {moves} | {options} | {rules} |"


def events_page(domain: Description) -> str:
    """Every event by context: its name on the trail, its form, its facts."""
    return "\n".join(events_lines(domain)) + "\n"


def events_lines(domain: Description) -> Iterator[str]:
    yield from (NOTE, "", "# Events", "")
    yield "What stands on the trail of a case. An app that follows events reads them for ever, by name and number of"
    yield "form. Each has `subject` (the case's id), `by`, `at`, and, where it is a move, `move`, `source` and `dest`."
    for context in domain.contexts:
        if not context.events:
            continue
        yield from ("", f"## {context.name.capitalize()}", "", "| event | form | says | facts |", "| --- " * 4 + "|")
        for event in context.events:
            says = event.description.split("\n\n", maxsplit=1)[0].replace("\n", " ")
            yield f"| `{event.name}` | {event.version} | {says} | {', '.join(facts(event.schema))} |"


def facts(schema: Mapping[str, Any]) -> Iterator[str]:
    """What an event says beside its case, its actor and its instant; personal data is marked."""
    shape = schema["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for name, told in shape["properties"].items():
        if name not in SAID_BY_ALL:
            yield f"`{name}`" + (" (personal)" if "x-personal" in told else "")


def settings_page(domains: dict[str, Description]) -> str:
    """Every setting of a rulebook: its path, type, name in Chinese, default, and its value in each shipped book."""
    return "\n".join(settings_lines(domains)) + "\n"


def settings_lines(domains: dict[str, Description]) -> Iterator[str]:
    books = tuple(domains)
    yield from (NOTE, "", "# Settings of a rulebook", "")
    yield "`*` stands for a name that you choose. A setting without a default is required where its section is there."
    yield "What the shipped books say is shown where it is one value; a blank: the book has no such section or value."
    sections: dict[str, dict[str, SectionDescription]] = {}
    for book, domain in domains.items():
        for section in (*domain.common, *(context.section for context in domain.contexts)):
            sections.setdefault(section.name, {})[book] = section
    for name, by_book in sections.items():
        if not by_book[books[0]].settings:
            continue
        yield from ("", f"## {name}", "", f"| setting | type | 中文 | default | {' | '.join(books)} |")
        yield "| --- " * (4 + len(books)) + "|"
        for found in zip(*(by_book[book].settings for book in books), strict=True):
            values = " | ".join(plain(setting.value) for setting in found)
            yield f"| `{found[0].path}` | {code(found[0].type)} | {label(found[0])} | {default(found[0])} | {values} |"


def label(setting: SettingDescription) -> str:
    return "" if setting.label is None else setting.label.zh


def default(setting: SettingDescription) -> str:
    return "required" if setting.required else plain(setting.default) or "none"


def plain(value: object) -> str:
    """A value as it stands in a cell of a table; nothing where it is a table itself."""
    values = value if isinstance(value, list) else [value]
    if value is None or any(isinstance(each, dict) for each in values):
        return ""
    return code(", ".join(map(str, values)))


def code(text: str) -> str:
    """Code in a cell of a table."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def cited(rule: str) -> str:
    return f"[{rule}](rules.md#{rule.lower()})"


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
    books = sorted(book.name for book in BOOKS.iterdir() if book.is_dir())
    domains = {name: describe(contexts(), load_rulebook(name)) for name in books}
    domain = describe(contexts())
    yield REFERENCE / "commands.md", commands_page(domain)
    yield REFERENCE / "events.md", events_page(domain)
    yield REFERENCE / "settings.md", settings_page(domains)
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
