"""``csdomain describe``: the domain as data, for a person to read or a program to build on."""

from collections.abc import Iterator
from typing import Annotated

import typer

from csdomain.contexts import contexts, registered
from csdomain.frame.describe import describe
from csdomain.frame.descriptions import ContextDescription, Description, MethodDescription, SettingDescription
from csdomain.frame.views import as_data
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import NotFound

from . import stores
from .options import command
from .output import as_json, table
from .settings import say, settings


def add_to(root: typer.Typer) -> None:
    """The command stands beside the groups, not in one."""
    command(root, "describe")(_describe)


def _describe(
    context: Annotated[str | None, typer.Argument(help="Only this context: complaints.")] = None,
    rulebook: Annotated[
        str | None, typer.Option("--rulebook", help="One that ships, a TOML file, or a folder: gives its values.")
    ] = None,
) -> None:
    """Say what there is: contexts, cases, lifecycles, commands, permissions, events, messages and settings."""
    if context is not None and context not in registered():
        known = ", ".join(registered())
        raise NotFound(name=context, accepted=Text(known, known))
    book = None if rulebook is None else stores.book(rulebook)
    found = describe(contexts(None if context is None else [context]), book)
    if settings.as_json:
        as_json(as_data(found))
    elif context is None:
        _overview(found)
    else:
        _whole(found.contexts[0], settings.language)


def _overview(found: Description) -> None:
    columns = [
        say("context", "领域"),
        say("cases", "案件"),
        say("commands", "命令"),
        say("questions", "查询"),
        say("events", "事件"),
        say("settings", "设置"),
    ]
    rows = [
        [
            one.name,
            ", ".join(kind.name for kind in one.kinds),
            *(str(len(several)) for several in (one.commands, one.questions, one.events, one.section.settings)),
        ]
        for one in found.contexts
    ]
    table(say("Contexts", "领域"), columns, rows)


def _whole(context: ContextDescription, language: Language) -> None:
    rule, permission = say("rule", "规则"), say("permission", "权限")
    commands, questions = say("commands", "命令"), say("questions", "查询")
    table(f"{context.name}: {commands}", [commands, rule, permission], list(_methods(context.commands)))
    table(f"{context.name}: {questions}", [questions, rule, permission], list(_methods(context.questions)))
    for lifecycle in context.lifecycles:
        steps = [
            [s.move, s.source or say("(opens)", "（新建）"), s.dest, s.permission, s.rule] for s in lifecycle.steps
        ]
        heads = [say("move", "流转"), say("from", "自"), say("to", "至"), permission, rule]
        table(f"{say('lifecycle', '状态机')} {lifecycle.name}", heads, steps)
    events = [[one.name, _first(one.description)] for one in context.events]
    table(say("events", "事件"), [say("event", "事件"), say("what happened", "所发生的事")], events)
    said = [
        [one.name, say("staff", "员工") if one.internal else say("customer", "客户"), ", ".join(one.placeholders)]
        for one in context.occasions
    ]
    table(say("messages", "消息"), [say("occasion", "场合"), say("to", "发给"), say("may name", "可引用")], said)
    own = [[one.path, one.type, _label(one, language), _value(one)] for one in context.section.settings]
    heads = [
        say("setting", "设置"),
        say("type", "类型"),
        say("what it is", "说明"),
        say("value or default", "值或默认"),
    ]
    table(f"{say('settings', '设置')} [{context.section.name}]", heads, own)


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
