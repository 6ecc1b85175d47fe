"""``csdomain describe``: the domain as data, for a person to read or a program to build on."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from csdomain import desk as desks
from csdomain.contexts import contexts, registered
from csdomain.frame.describe import ContextDescription, Description, MethodDescription, SettingDescription, describe
from csdomain.frame.views import as_data
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import NotFound

from .output import answer, table


def add_to(app: typer.Typer, settings: Any) -> None:
    """Add the command to an app, whose ``settings`` say which language it speaks and whether it answers in JSON."""

    @app.command("describe")
    def command(
        context: Annotated[str | None, typer.Argument(help="Only this context: complaints.")] = None,
        rulebook: Annotated[
            str | None, typer.Option("--rulebook", help="A rulebook that ships, or a TOML file: gives its values.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")] = False,
    ) -> None:
        """Say what there is: contexts, cases, lifecycles, commands, permissions, events, messages and settings."""
        settings.as_json = as_json
        if context is not None and context not in registered():
            known = ", ".join(registered())
            raise NotFound(name=context, accepted=Text(known, known))
        book = None if rulebook is None else desks.load_rulebook(rulebook)
        found = describe(contexts(None if context is None else [context]), book)
        if as_json:
            answer(as_data(found), as_json=True)
        elif context is None:
            _overview(found)
        else:
            _whole(found.contexts[0], settings.language)


def _overview(found: Description) -> None:
    columns = ["context", "cases", "commands", "questions", "events", "settings"]
    rows = [
        [
            one.name,
            ", ".join(kind.name for kind in one.kinds),
            *(str(len(several)) for several in (one.commands, one.questions, one.events, one.section.settings)),
        ]
        for one in found.contexts
    ]
    table("Contexts", columns, rows)


def _whole(context: ContextDescription, language: Language) -> None:
    methods = ["", "rules", "permission"]
    table(f"{context.name}: commands", ["command", *methods[1:]], list(_methods(context.commands)))
    table(f"{context.name}: questions", ["question", *methods[1:]], list(_methods(context.questions)))
    for lifecycle in context.lifecycles:
        steps = [[s.move, s.source or "(opens)", s.dest, s.permission, s.rule] for s in lifecycle.steps]
        table(f"lifecycle {lifecycle.name}", ["move", "from", "to", "permission", "rule"], steps)
    table("events", ["event", "what happened"], [[one.name, _first(one.description)] for one in context.events])
    said = [
        [one.name, "staff" if one.internal else "customer", ", ".join(one.placeholders)] for one in context.occasions
    ]
    table("messages", ["occasion", "to", "may name"], said)
    settings = [[one.path, one.type, _label(one, language), _value(one)] for one in context.section.settings]
    table(f"settings [{context.section.name}]", ["setting", "type", "what it is", "value or default"], settings)


def _methods(methods: tuple[MethodDescription, ...]) -> Iterator[list[str]]:
    for one in methods:
        yield [one.signature, ", ".join(one.rules), ", ".join(one.permissions)]


def _label(setting: SettingDescription, language: Language) -> str:
    return "" if setting.label is None else setting.label(language)


def _value(setting: SettingDescription) -> str:
    found = setting.default if setting.value is None else setting.value
    return "" if found is None else str(found)


def _first(text: str) -> str:
    return text.partition("\n")[0]
