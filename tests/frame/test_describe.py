"""The domain as data: what the declarations say is what is told, and what is told is what happens."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from inspect import getmembers, isfunction
from typing import Any, Final

import attrs
import pytest
from jsonschema import Draft202012Validator

import csdomain
from csdomain.contexts import HOUSE, context, contexts
from csdomain.frame.acts import Told
from csdomain.frame.contexts import Context
from csdomain.frame.describe import describe, events_of, service_class
from csdomain.frame.descriptions import Description
from csdomain.frame.requests import arguments, from_data, parameters
from csdomain.frame.schemas import json_schema
from csdomain.frame.views import as_data
from csdomain.kernel.cases.events import Event
from csdomain.kernel.rules import HOUSE_RULES, MOVES, PERMITTED
from csdomain.kernel.rules.errors import DomainError, NotPermitted
from csdomain.kernel.values.arguments import is_command
from csdomain.orders.values import Dose
from csdomain.testing import accepted, memory_desk
from rule_catalogue import find_rules

AT: Final = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)
TOLD: Final = describe(contexts())
BOOK: Final = csdomain.load_rulebook("after_sales")
#: Bodies of requests by the type of the argument: whatever fits.
BODIES: Final[dict[str, Any]] = {
    "str": "x",
    "int": 1,
    "bool": True,
    "datetime": "2026-10-08T09:00:00Z",
    "Sequence[str]": ["rnd"],
    "Money": {"amount": "5.00", "currency": "CNY"},
    "Channel": "letter",
    "ImprovementMove": "verify",
    "Classification": {"name": "quality", "cause": "material"},
    "ComplaintForm": {"customer": "c", "demand": "d", "reason": "r"},
    "Finding": {"confirmed": True, "text": "x"},
    "Judgement": {"liable": "customer"},
    "Remedy": {"granted": {"amount": "5.00", "currency": "CNY"}, "text": "x"},
    "Sequence[Goods]": [{"product": "p", "quantity": 1}],
    "Sequence[Item]": [{"product": "p", "quantity": 1}],
    "Sequence[Dose]": [{"product": "p", "daily": "1.5"}],
    "Item": {"product": "p", "quantity": 1},
    "Post": {"positions": ["sales"], "branch": "hq", "department": "d"},
    "PastCase": {
        "number": "n",
        "form": {"customer": "c", "demand": "d", "reason": "r"},
        "state": "received",
        "received_at": "2026-01-01T00:00:00Z",
    },
}


def test_every_context_is_told_from_its_declaration_alone() -> None:
    assert [one.name for one in TOLD.contexts][: len(HOUSE)] == list(HOUSE)
    for told in TOLD.contexts:
        declared = context(told.name)
        assert told.taken is None
        assert [kind.name for kind in told.kinds] == [kind.table for kind in declared.kinds]
        assert {one.name for one in told.permissions} == set(declared.ruled.actions)
        assert all(one.positions is None for one in told.permissions)
        assert [one.name for one in told.occasions] == [one.name for one in declared.section.occasions]
        for kind, of in zip(told.kinds, declared.kinds, strict=True):
            assert {field.name for field in kind.fields} <= {field.name for field in attrs.fields(of.type)}
            assert [one.name for one in kind.columns] == [*of.BUILT_IN, *(field.name for field in of.fields)]
            assert set(kind.lifecycles) <= {table.name for table in told.lifecycles}


@pytest.mark.rule(MOVES)
def test_lifecycles_are_the_tables_that_the_code_runs_on() -> None:
    for told in TOLD.contexts:
        for table, one in zip(context(told.name).lifecycles, told.lifecycles, strict=True):
            assert one.name == table.name
            assert one.paths == table.paths
            assert [(s.move, s.source, s.dest, s.permission, s.rule) for s in one.steps] == [
                (s.trigger.value, s.source and s.source.value, s.dest.value, s.action, s.rule.id) for s in table.steps
            ]
            assert set(one.final) == {state.value for state in table.final}


def test_it_is_json_and_its_schema_takes_it() -> None:
    schema = json_schema(Description)
    Draft202012Validator.check_schema(schema)
    for told in (TOLD, describe(contexts(), BOOK)):
        data = as_data(told)
        assert json.loads(json.dumps(data, allow_nan=False)) == data
        Draft202012Validator(schema).validate(data)


def test_every_schema_in_it_is_one() -> None:
    for told in TOLD.contexts:
        schemas: list[Any] = [one.schema for one in told.kinds]
        schemas += [one.schema for one in told.events]
        schemas += [one.arguments for one in (*told.commands, *told.questions)]
        for schema in schemas:
            Draft202012Validator.check_schema(schema)
            refs = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema)))
            assert refs <= schema.get("$defs", {}).keys()


def test_every_event_is_told() -> None:
    told = {one.name for context in TOLD.contexts for one in context.events}
    for one in contexts():
        for case in one.cases:
            assert {event.name for event in case.effects.events} <= told
    assert {"complaint_erased", "complaint_received", "goods_sent", "staff_left", "timer_breached"} <= told
    assert "order_moved" not in told  # the root of others, which nobody tells
    names = [event.name for event in events_of(context("complaints"))]
    assert len(names) == len(set(names))


def test_an_event_that_was_just_declared_is_told_once() -> None:
    @attrs.frozen(kw_only=True)
    class PlantedOnce(Told):
        """Something."""

        __module__ = "csdomain.orders.events"

    assert [one.name for one in events_of(context("orders"))].count("planted_once") == 1
    PlantedOnce.__module__ = __name__
    assert issubclass(PlantedOnce, Event)


def test_rules_that_are_cited_are_rules() -> None:
    known = find_rules()
    cited = {rule for told in TOLD.contexts for one in (*told.commands, *told.questions) for rule in one.rules}
    assert {"CMP-11", "ORD-03", "KRN-14", "PPL-01"} <= cited <= known.keys()


@pytest.mark.rule(PERMITTED)
def test_every_permission_is_asked_for_by_somebody() -> None:
    beside = {
        "complaints.personal",
        "complaints.restricted",
        *(
            f"customers.{kind}_restricted"
            for kind in ("health", "handover", "release", "correction", "lead", "vehicle")
        ),
        *(f"customers.{kind}_restricted" for kind in ("connection", "worklist")),
        *("customers.restricted", "customers.release_give", "customers.connection_deliver"),
        *("messages.personal", "messages.preferences_restricted", "messages.campaign_restricted"),
        "messages.text_restricted",
        "orders.restricted",
        "payments.restricted",
        "renewals.restricted",
        "service_desk.restricted",
    }  # they widen what is seen
    for told in TOLD.contexts:
        for permission in told.permissions:
            assert bool(permission.asked_by) is (permission.name not in beside), permission.name
        own = {"inbox", "mark_read"}  # everybody reads their own
        assert all(one.permissions or one.name in own for one in (*told.commands, *told.questions))


@pytest.mark.rule(PERMITTED)
def test_questions_ask_for_reading_whatever_they_mask() -> None:
    told = {f"{one.name}.{method.name}": method.permissions for one in TOLD.contexts for method in one.questions}
    assert told["staff.trail"] == told["staff.get"] == ("staff.read",)
    assert told["orders.of_customer"] == ("orders.erase",)
    assert told["messages.dead"] == ("messages.read",)


def test_every_move_that_a_command_makes_is_told() -> None:
    for told in TOLD.contexts:
        made = {move for one in told.commands for move in one.moves}
        for case in context(told.name).cases:
            assert {move.value for move in case.commands.made} <= made
            for part in case.parts:
                assert {f"{part.table.name}.{move.value}" for move in part.made} <= made | {
                    f"{part.table.name}.{move.value}" for move in part.made if _opens(part, move)
                }


def _opens(part: Any, move: Any) -> bool:
    return any(step.trigger is move and step.source is None for step in part.table.steps)


@pytest.mark.rule(PERMITTED)
def test_a_command_asks_for_the_permission_that_is_told() -> None:
    """Each command, called by nobody in particular with a body that fits its schema, is refused by that name."""
    tried = 0
    with memory_desk(rulebook="medical_centre") as orders, memory_desk() as desk:
        doctor = orders.actor("u1", branch="hq", positions=("functional_doctor",))
        order = orders.orders.prescribe("c-1", [Dose("fish_oil", Decimal(2))], by=doctor, at=AT).id
        complaint = accepted(desk, csdomain.ComplaintForm(customer="c", demand="d", reason="r"), at=AT).id
        manager = desk.actor("u2", branch="hq", positions=_holders(desk, "staff", "staff.manage"))
        member = desk.staff.engage("u7", "Wang", csdomain_post(), by=manager, at=AT).id
        for service, name, id in (
            (orders.orders, "orders", order),
            (desk.complaints, "complaints", complaint),
            (desk.staff, "staff", member),
        ):
            for command in TOLD.context(name).commands:
                if "." in command.name or command.name == "revoke":  # of a part; an id of its own
                    continue
                method = getattr(service, command.name)
                body = {one: _body(command.signature, one) for one in dict(command.arguments)["required"]}
                Draft202012Validator(command.arguments).validate(body)
                nobody = desk.actor("u3", branch="hq", positions=())
                where = (id,) if command.takes_id else ()
                with pytest.raises(NotPermitted) as refused:
                    method(*where, **arguments(method, body), by=nobody, at=AT)
                assert refused.value.facts["action"] in command.permissions, command.name
                tried += 1
    assert tried > 70


def csdomain_post() -> Any:
    from csdomain.staff.values import Post

    return Post(positions=("sales",), branch="hq", department="d")


def _holders(desk: Any, name: str, permission: str) -> tuple[str, ...]:
    told = {one.name: one.positions or () for one in desk.describe().context(name).permissions}
    return told[permission]


def _body(signature: str, argument: str) -> Any:
    found = re.search(rf"\b{argument}: ([\w\[\]]+)", signature)
    assert found, signature
    return BODIES[found[1]]


# --- settings
@pytest.mark.rule(HOUSE_RULES)
def test_settings_are_told_in_two_languages_with_their_defaults() -> None:
    told = {one.path: one for one in TOLD.context("complaints").section.settings}
    close = told["close_within"]
    assert (close.type, close.required, close.value) == ("Duration | None", False, None)
    assert close.label is not None
    assert (close.label.en, close.label.zh) == ("time to close a complaint", "结案期限")
    assert told["path"].required
    assert told["signatures"].default == []
    assert told["classes.*.quality"].type == "bool"
    assert told["ladder.*.up_to"].label is not None
    common = {f"{part.name}.{one.path}": one for part in TOLD.common for one in part.settings}
    assert common["organisation.currency"].required
    assert common["calendars.*.public_holidays"].default == ""


@pytest.mark.rule(HOUSE_RULES)
def test_every_label_of_a_setting_is_of_a_setting() -> None:
    for told in (*TOLD.common, *(one.section for one in TOLD.contexts)):
        section = next(one for one in csdomain.desk.sections() if one.name == told.name)
        paths = {one.path for one in told.settings}
        for path in section.labels:
            steps = path.split(".")
            above = {".".join(steps[:count]) for count in range(1, len(steps) + 1)}
            assert path == "" or above & paths or path.startswith("*"), f"{told.name}: {path}"


@pytest.mark.rule(HOUSE_RULES)
def test_with_a_rulebook_settings_have_its_values() -> None:
    told = describe(contexts(), BOOK)
    settings = {one.path: one for one in told.context("complaints").section.settings}
    assert told.rulebook == BOOK.ref
    assert settings["close_within"].value == "6 days"
    assert settings["numbers.slip"].value == "TH{yyyy}{mm}-{seq:04}"
    assert settings["classes.*.quality"].value is None
    assert {one.name: one.taken for one in told.contexts}["complaints"] is True
    assert {one.name: one.taken for one in told.contexts}["orders"] is False
    read = {one.name: one for one in told.context("complaints").permissions}["complaints.read"]
    assert "sales" in (read.positions or ())


def test_a_desk_describes_itself() -> None:
    with memory_desk() as desk:
        told = desk.describe()
        assert told == describe(contexts(), desk.house.rulebook)
        with pytest.raises(KeyError):
            told.context("nothing")


def test_a_context_without_use_cases_is_told() -> None:
    told = describe([Context("renewals", lambda *_: None, section=context("renewals").section)])
    assert told.contexts[0].commands == ()
    assert told.contexts[0].section.settings


def test_every_argument_can_be_read_and_refuses_what_it_is_not() -> None:
    tried = 0
    for one in contexts():
        service = service_class(one)
        for _, function in getmembers(service, isfunction) if service is not None else ():
            if is_command(function) and function.__name__ != "as_data":
                for name, (kind, _needed, _default) in parameters(function).items():
                    with pytest.raises(DomainError):
                        from_data(kind, object())
                    assert name not in {"by", "at", "id"}
                    tried += 1
    assert tried > 80


def test_options_are_what_a_command_takes_besides() -> None:
    told = {(one.name, method.name): method.options for one in TOLD.contexts for method in one.commands}
    assert told["orders", "prescribe"] == ("key",)
    assert told["orders", "ship"] == ("key", "expected_version")
    assert told["orders", "forget"] == told["messages", "resend"] == ()
