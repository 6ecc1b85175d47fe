"""Views: every answer of a use case as JSON-ready data, without what seals; its JSON Schema; and the way back."""

import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import attrs
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

import csdomain
from csdomain.complaints.case import Complaint
from csdomain.complaints.values import (
    Classification,
    ComplaintForm,
    Finding,
    Goods,
    Judgement,
    Liable,
    MalformedForm,
    Remedy,
    Share,
)
from csdomain.frame.requests import MalformedRequest, arguments, from_data
from csdomain.frame.schemas import command_schema, definitions, json_schema
from csdomain.frame.views import as_data, error_data
from csdomain.kernel.cases.lifecycle import PossibleMove
from csdomain.kernel.cases.timers import TimerExplanation
from csdomain.kernel.rules import MONEY, PERSONAL_DATA, PORTS, TIME
from csdomain.kernel.rules.errors import DomainError, NaiveTime, RuleBroken, require
from csdomain.kernel.store.kinds import MalformedQuery, Page, Query
from csdomain.kernel.store.ports import AuditRecord, Receipt
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.kernel.values.durations import CalendarDays, WorkingTime
from csdomain.kernel.values.money import InexactMoney, Money
from csdomain.kernel.values.personal import PersonalKind, covered, is_withheld, mask, masked, personal
from csdomain.orders.model import Order
from csdomain.orders.values import Dose, Item
from csdomain.staff.values import Post
from csdomain.testing import accepted, memory_desk
from csdomain.testing.strategies import complaint_forms, ids, money
from frame.drawn import PERSONAL, WITHHELD, instances, reached

AT = datetime(2026, 9, 30, 4, 0, tzinfo=UTC)
FORM = ComplaintForm(customer="c-1", demand="wants her money back", reason="the cup broke", quantity=3)
REACHED = reached()
ONCE = settings(max_examples=15)


def name_of(cls: type) -> str:
    return f"{cls.__module__.removeprefix('csdomain.')}.{cls.__name__}"


def validator(kind: Any, **how: Any) -> Any:
    schema = json_schema(kind, **how)
    Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker())


def test_the_classes_are_found_from_the_declarations() -> None:
    found = {name_of(cls) for cls in REACHED}
    wanted = {
        "complaints.case.complaint.Complaint",
        "kernel.papers.documents.Signature",
        "kernel.papers.approvals.ApprovalExplanation",
        "kernel.cases.lifecycle.PossibleMove",
        "kernel.cases.timers.TimerExplanation",
        "kernel.calendar.explanation.Day",
        "kernel.store.kinds.Page",
        "kernel.store.ports.AuditRecord",
        "kernel.store.ports.Receipt",
        "orders.events.GoodsSent",
        "staff.model.StaffMember",
    }
    assert wanted <= found
    assert len(found) > 100


@pytest.mark.rule(PERSONAL_DATA)
@pytest.mark.parametrize("cls", REACHED, ids=name_of)
def test_a_view_is_json_that_its_schema_takes_and_tells_nothing_personal(cls: type[Any]) -> None:
    fits = validator(cls)

    @ONCE
    @given(instances(cls))
    def holds(value: Any) -> None:
        hidden, clear = as_data(value), as_data(value, may_see=True)
        for data in (hidden, clear):
            said = json.dumps(data, allow_nan=False)
            assert WITHHELD not in said
            assert json.loads(said) == data
            fits.validate(data)
        assert PERSONAL not in json.dumps(hidden)
        assert list(hidden) == list(clear)

    holds()


@pytest.mark.rule(PERSONAL_DATA)
def test_every_salt_seal_and_digest_is_withheld() -> None:
    def classes() -> Iterator[Any]:
        for module in pkgutil.walk_packages(csdomain.__path__, "csdomain."):
            for one in vars(import_module(module.name)).values():
                if isinstance(one, type) and attrs.has(one) and one.__module__ == module.name:
                    yield one

    seals = re.compile(r"salt|seal$|digest|fingerprint|secret|password|token")
    fields = {(name_of(cls), field.name): is_withheld(field) for cls in classes() for field in attrs.fields(cls)}
    shown = ("testing.",)  # what a store is tried with
    found = {where: w for where, w in fields.items() if seals.search(where[1]) and not where[0].startswith(shown)}
    assert len(found) >= 6
    assert [where for where, withheld in found.items() if not withheld] == []


# --- how values are written
@pytest.mark.rule(MONEY, TIME)
@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Money.of("12.50", "CNY"), {"amount": "12.50", "currency": "CNY"}),
        (Money.of("-0.05", "CNY"), {"amount": "-0.05", "currency": "CNY"}),
        (Money.of(1200, "JPY"), {"amount": "1200", "currency": "JPY"}),
        (Money(7, "KWD"), {"amount": "0.007", "currency": "KWD"}),
        (Decimal("1E+3"), "1000"),
        (AT, "2026-09-30T04:00:00Z"),
        (datetime.fromisoformat("2026-09-30T12:00:00.25+08:00"), "2026-09-30T04:00:00.250000Z"),
        (date(2026, 9, 30), "2026-09-30"),
        (CalendarDays(6), "6 days"),
        (WorkingTime(timedelta(hours=8)), "8 working hours"),
        (timedelta(hours=1, minutes=30), "PT1H30M"),
        (timedelta(seconds=-1.5), "-PT1.5S"),
        (timedelta(0), "PT0S"),
        (Liable.OTHER_COMPANY, "other company"),
        (frozenset("hgfedcba"), list("abcdefgh")),
        ({"b": AT, "a": None}, {"b": "2026-09-30T04:00:00Z", "a": None}),
        (TIME, TIME.id),
        ((1, (Liable.US,)), [1, ["us"]]),
        (None, None),
    ],
)
def test_values_are_written(value: object, written: object) -> None:
    assert as_data(value) == written
    assert str(as_data(value)) == str(written)  # the order of keys as well


@given(money())
@pytest.mark.rule(MONEY)
def test_an_amount_is_written_exactly(amount: Money) -> None:
    data = as_data(amount)
    assert data == {"amount": f"{amount.amount:f}", "currency": amount.currency}
    assert from_data(Money, data) == amount


@pytest.mark.rule(TIME)
@given(st.datetimes(timezones=st.timezones()))
@example(datetime(1, 1, 2, tzinfo=UTC))
@example(datetime(999, 12, 31, 23, 59, 59, tzinfo=UTC))
def test_an_instant_is_written_in_utc_and_comes_back(at: datetime) -> None:
    assume(date(1, 1, 1) < at.date() < date(9999, 12, 30))
    written = as_data(at)
    assert written == at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert from_data(datetime, written) == at.astimezone(UTC)


@given(st.timedeltas(timedelta(-9999), timedelta(9999)))
def test_measured_time_comes_back(span: timedelta) -> None:
    assert from_data(timedelta, as_data(span)) == span


@pytest.mark.rule(MONEY)
@pytest.mark.parametrize("value", [1.5, object(), {"a": [0.1]}, b"x", memory_desk])
def test_what_has_no_view_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no view"):
        as_data(value)


@pytest.mark.rule(TIME)
def test_a_naive_time_is_refused() -> None:
    with pytest.raises(NaiveTime):
        as_data({"at": datetime(2026, 1, 1)})  # noqa: DTZ001


def test_a_case_shows_its_number() -> None:
    with memory_desk() as desk:
        id = accepted(desk, FORM, at=AT).id
        agent = desk.actor("u1", branch="hq", positions=("service_agent", "sales"))
        case = desk.complaints.get(id, by=agent)
        assert as_data(case)["number"] == case.number
        assert as_data(case)["forms"][0]["content"]["quantity"] == 3


def test_an_error_is_data_in_two_languages() -> None:
    with pytest.raises(RuleBroken) as refused:
        require(False, MONEY, amount=Money.of(5, "CNY"))
    data = error_data(refused.value)
    assert data == as_data(refused.value) == refused.value.as_data()
    assert (data["rule"], data["code"]) == (MONEY.id, "rule_broken")
    validator(DomainError).validate(data)
    validator(type(refused.value)).validate(data)


# --- who sees what
@pytest.mark.rule(PERSONAL_DATA)
@given(complaint_forms(demand=st.just(f"a {PERSONAL} b"), reason=st.just(f"a {PERSONAL} b")))
@settings(max_examples=15)
def test_a_service_shows_a_case_as_a_question_does(form: ComplaintForm) -> None:
    with memory_desk() as desk:
        id = accepted(desk, form, at=AT).id
        agent = desk.actor("u1", branch="hq", positions=("service_agent", "sales"))
        nobody = desk.actor("u2", branch="hq", positions=())
        elsewhere = desk.actor("u3", branch="other", positions=("service_agent", "sales"))
        case = desk.complaints.get(id, by=agent)
        [paper] = desk.complaints.papers(id, by=agent)
        see = desk.complaints.as_data
        assert see(case, by=agent) == as_data(case, may_see=True)
        assert PERSONAL in json.dumps(see(case, by=agent))
        for by in (nobody, elsewhere):
            assert see(case, by=by) == as_data(case) == as_data(covered(case), may_see=True)
            assert PERSONAL not in json.dumps(see(paper, by=by, of=case))
        seals = {case.forms[0].salt, paper.personal_digest, *(signature.seal for signature in paper.signatures)}
        said = json.dumps([see(case, by=agent), see([paper], by=agent, of=case)])
        assert seals
        assert not any(seal in said for seal in seals)
        page = desk.complaints.find(by=agent)
        assert see(page, by=agent) == {"items": [see(case, by=agent)], "next": None}
        assert list(see(page, by=agent)) == ["items", "next"]
        assert PERSONAL in json.dumps(see(page, by=agent))
        assert PERSONAL not in json.dumps([see(page, by=nobody), see(desk.complaints.papers(id, by=agent), by=agent)])


@pytest.mark.rule(PERSONAL_DATA)
def test_what_is_kept_of_an_erased_person_is_masked() -> None:
    with memory_desk() as desk:
        id = accepted(desk, FORM, at=AT).id
        agent = desk.actor("u1", branch="hq", positions=("service_agent", "sales"))
        before = desk.complaints.get(id, by=agent)
        holders = {one.name: one.positions or () for one in desk.describe().context("complaints").permissions}
        keeper = desk.actor("u9", branch="hq", positions=(*holders["complaints.hold"], *holders["complaints.erase"]))
        desk.complaints.hold(id, "litigation", by=keeper, at=AT)
        desk.complaints.erase(id, by=keeper, at=AT)
        kept = attrs.evolve(before, restricted=True)
        assert desk.complaints.as_data(kept, by=agent) == as_data(kept)
        reader = desk.actor("u8", branch="hq", positions=(*agent.positions, *holders["complaints.restricted"]))
        assert desk.complaints.as_data(kept, by=reader) == as_data(kept, may_see=True)


@pytest.mark.rule(PERSONAL_DATA)
def test_reasons_on_the_trail_are_personal() -> None:
    with memory_desk() as desk:
        id = accepted(desk, FORM, at=AT).id
        agent = desk.actor("u1", branch="hq", positions=("service_agent", "sales"))
        desk.complaints.mark(id, reason=f"a {PERSONAL} b", by=agent, at=AT)
        case, trail = desk.complaints.get(id, by=agent), desk.complaints.trail(id, by=agent)
        assert PERSONAL not in json.dumps(as_data(trail)) + json.dumps(desk.complaints.as_data(trail, by=agent))
        assert PERSONAL in json.dumps(desk.complaints.as_data(trail, by=agent, of=case))
        assert PERSONAL not in repr(trail)


def test_moves_deadlines_and_trails_are_data() -> None:
    with memory_desk() as desk:
        id = accepted(desk, FORM, at=AT).id
        agent = desk.actor("u1", branch="hq", positions=("service_agent", "sales"))
        answers: list[tuple[Any, Any]] = [
            (desk.complaints.moves(id, by=agent), tuple[PossibleMove[Any], ...]),
            (desk.complaints.deadlines(id, by=agent, at=AT), tuple[TimerExplanation, ...]),
            (desk.complaints.trail(id, by=agent), tuple[AuditRecord, ...]),
            (desk.complaints.find(by=agent).items, tuple[Complaint, ...]),
        ]
        for answer, kind in answers:
            data = json.loads(json.dumps(as_data(answer)))
            assert len(data) == len(answer) > 0
            assert list(validator(kind).iter_errors(data)) == []
        assert list(as_data(desk.complaints.part_moves(id, by=agent))) == []
        page = as_data(desk.complaints.find(by=agent))
        assert list(validator(Page[Complaint]).iter_errors(page)) == []


# --- schemas
def test_a_schema_says_what_a_class_is() -> None:
    schema = json_schema(Order)
    order = schema["$defs"]["Order"]
    assert schema["$ref"] == "#/$defs/Order"
    assert order["description"].startswith("A product order.")
    assert order["properties"]["moved_at"] == {"type": "string", "format": "date-time"}
    assert order["properties"]["refill_on"] == {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}
    assert order["properties"]["reason"] == {"type": "string", "x-personal": "other"}
    assert schema["$defs"]["ShipmentState"]["enum"] == ["sent", "arrived"]
    assert "seal" not in schema["$defs"]["Signature"]["properties"]
    assert not validator(Order).is_valid({"id": 1})


def test_a_generic_schema_names_what_it_holds() -> None:
    schema = json_schema(Page[Order])
    assert schema["$ref"] == "#/$defs/Page_Order"
    assert schema["$defs"]["Page_Order"]["properties"]["items"] == {
        "type": "array",
        "items": {"$ref": "#/$defs/Order"},
    }


def test_definitions_stand_beside_each_other() -> None:
    found = definitions([Complaint, Order, Receipt], refs="#/components/schemas/")
    assert {"Complaint", "Order", "Receipt", "Money"} <= found.keys()
    # Both contexts have a State: each is named with its module.
    assert {"csdomain.orders.lifecycle.State", "csdomain.complaints.lifecycle.State"} <= found.keys()
    refs = set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(found)))
    assert refs == {f"#/components/schemas/{name}" for name in found} & refs
    assert list(found) == sorted(found)
    assert found == definitions([Complaint, Order, Receipt], refs="#/components/schemas/")


# --- the way back
@given(complaint_forms(attachments=st.tuples(ids()), extra=st.dictionaries(ids(), st.none() | st.booleans() | ids())))
def test_a_form_comes_back(form: ComplaintForm) -> None:
    data = as_data(form, may_see=True)
    validator_of_forms.validate(data)
    assert from_data(ComplaintForm, json.loads(json.dumps(data))) == form


validator_of_forms = validator(ComplaintForm, request=True)


@pytest.mark.parametrize(
    "value",
    [
        Classification("quality", "material"),
        Finding(confirmed=True, text="a crack", persons=("p1",)),
        Remedy(granted=Money.of(100, "CNY"), returns=(Goods("cup", "b1", 2),), text="sorry"),
        Judgement(
            liable=Liable.US, unit="rnd", loss={"goods": Money.of(5, "CNY")}, shares=(Share("rnd", 2),), tracked=True
        ),
        Item("fish_oil", 2),
        Dose("fish_oil", Decimal("1.50")),
        Post(positions=("sales",), branch="hq", department="d"),
    ],
)
def test_values_of_commands_come_back(value: Any) -> None:
    data = json.loads(json.dumps(as_data(value, may_see=True)))
    validator(type(value), request=True).validate(data)
    assert from_data(type(value), data) == value


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        (Item, {"product": "x", "quantity": "2"}, "an integer expected"),
        (Item, {"product": "x", "quantity": 2.0}, "an integer expected"),
        (Item, {"product": "x"}, "this key is missing"),
        (Item, {"product": "x", "quantity": 2, "price": 3}, "unknown key price"),
        (Item, ["x", 2], "a table expected"),
        (Dose, {"product": "x", "daily": 1.5}, "a decimal as text expected"),
        (Dose, {"product": "x", "daily": "1e3"}, "a decimal as text expected"),
        (Dose, {"product": "x", "daily": "NaN"}, "a decimal as text expected"),
        (datetime, "2026-09-30", "the form"),
        (datetime, 5, "an instant with its zone"),
        (datetime, "soon", "an instant with its zone"),
        (date, "2026-13-01", "a date"),
        (timedelta, "PT", "a length of time"),
        (timedelta, "PT1X", "a length of time"),
        (Money, {"amount": 5, "currency": "CNY"}, "an amount as text"),
        (Money, "5 CNY", "currency"),
        (Liable, "13812345678", "one of us, customer, other company expected"),
        (tuple[Item, ...], {"product": "x"}, "a list expected"),
    ],
)
def test_wrong_data_is_refused_by_its_place(kind: Any, data: Any, says: str) -> None:
    if says == "the form":  # a date is an instant without a zone
        with pytest.raises(NaiveTime):
            from_data(kind, data)
        return
    with pytest.raises(MalformedRequest) as refused:
        from_data(kind, data)
    assert says in refused.value.render("en")
    assert "13812345678" not in str(refused.value.as_data())
    validator(DomainError).validate(error_data(refused.value))


def test_the_error_of_a_class_stays_what_it_is() -> None:
    with pytest.raises(MalformedForm) as refused:
        from_data(ComplaintForm, {"customer": "c", "demand": "d", "reason": "r", "quantity": 1, "defective": 2})
    assert refused.value.facts["field"] == "defective"
    with pytest.raises(InexactMoney):
        from_data(Remedy, {"granted": {"amount": "0.001", "currency": "CNY"}, "text": "x"})


def test_arguments_are_read_by_the_signature() -> None:
    with memory_desk() as desk:
        found = arguments(desk.complaints.promise, {"until": "2026-10-01T09:00:00+08:00"})
        assert found == {"until": datetime(2026, 10, 1, 1, 0, tzinfo=UTC)}
        found = arguments(desk.complaints.involve, {"departments": ["rnd"], "until": "2026-10-01T01:00:00Z"})
        assert found["departments"] == ("rnd",)
        with pytest.raises(MalformedRequest) as refused:
            arguments(desk.complaints.promise, {"til": "x"})
        assert refused.value.facts["faults"] == ("unknown argument til", "missing argument until")
        with pytest.raises(MalformedRequest):
            arguments(desk.complaints.promise, ["2026-10-01T01:00:00Z"])
        for given in ("by", "at", "id", "key", "expected_version"):
            with pytest.raises(MalformedRequest, match="unknown argument"):
                arguments(desk.complaints.investigate, {given: "x"})
        schema = command_schema(desk.complaints.accept)
        assert schema["required"] == ["classification"]
        assert schema["properties"]["grave"] == {"type": "boolean", "default": False}


def test_a_list_is_asked_for_page_by_page() -> None:
    with memory_desk() as desk:
        seller = desk.actor("u1", branch="hq", positions=("sales",))
        filed = [desk.complaints.receive(FORM, by=seller, at=AT + timedelta(hours=n)).id for n in range(5)]
        asked: dict[str, Any] = {
            "where": [
                {"column": "state", "comparison": "among", "value": ["received", "checked"]},
                {"column": "received_at", "comparison": "from", "value": "2026-09-30T13:00:00+08:00"},
                {"column": "closed_at", "comparison": "absent"},
                {"column": "grave", "comparison": "is", "value": False},
            ],
            "order_by": "received_at",
            "descending": True,
            "limit": 2,
        }
        validator(Query, request=True).validate(asked)
        found: list[str] = []
        while True:
            asked = json.loads(json.dumps(asked))
            page = desk.complaints.find(**arguments(desk.complaints.find, {"query": asked}), by=seller)
            found += [case.id for case in page.items]
            if page.next is None:
                break
            asked["after"] = as_data(page)["next"]
        assert found == filed[:0:-1]
        counted = arguments(desk.complaints.tally, {"tally": {"group_by": ["state"], "where": asked["where"]}})
        assert as_data(desk.complaints.tally(**counted, by=seller)) == [{"group": ["received"], "count": 4, "sums": []}]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"where": [{"column": "state", "comparison": "is", "value": 5}]}, MalformedRequest),
        ({"where": [{"column": "received_at", "comparison": "from", "value": "today"}]}, MalformedRequest),
        ({"where": [{"column": "received_at", "comparison": "from", "value": "2026-01-01T00:00:00"}]}, NaiveTime),
        ({"where": [{"column": "state", "comparison": "like", "value": "x"}]}, MalformedRequest),
        ({"where": [{"column": "phone", "comparison": "is", "value": "x"}]}, MalformedQuery),
        ({"order_by": "phone", "after": ["x", "y"]}, MalformedQuery),
        ({"after": ["x"]}, MalformedRequest),
        ({"limit": 0}, MalformedQuery),
        ({"limit": "2"}, MalformedRequest),
        ({"offset": 2}, MalformedRequest),
        (["state"], MalformedRequest),
    ],
)
def test_a_wrong_query_is_refused(query: Any, error: type[DomainError]) -> None:
    with memory_desk() as desk, pytest.raises(error):
        arguments(desk.complaints.find, {"query": query})


@pytest.mark.rule(PERSONAL_DATA)
def test_a_refusal_of_a_request_repeats_no_number() -> None:
    with pytest.raises(MalformedRequest) as refused:
        from_data(ComplaintForm, {"customer": 13812345678, "demand": "d", "reason": "r"})
    assert "13812345678" not in str(refused.value.facts)
    assert "text expected" in str(refused.value.facts)


@given(st.text(max_size=40))
@pytest.mark.rule(PERSONAL_DATA)
def test_a_refusal_of_a_request_repeats_no_text(text: str) -> None:
    said = f"{text} {PERSONAL}"
    with pytest.raises(MalformedRequest) as refused:
        from_data(tuple[Liable, date, Money], [said, said, said])
    assert PERSONAL not in refused.value.render("en") + refused.value.render("zh")


EVERY_KIND = attrs.make_class("EveryKind", {kind.value: personal(kind) for kind in PersonalKind})
TYPED = attrs.make_class("Typed", {kind.value: personal(kind, type=str) for kind in PersonalKind})


@given(st.text(max_size=20), st.sampled_from([EVERY_KIND, TYPED]))
@example("13812345678", TYPED)
@example("wang@example.com", TYPED)
@pytest.mark.rule(PERSONAL_DATA)
def test_a_view_masks_as_logs_do(text: str, cls: Any) -> None:
    value = cls(**{kind.value: text for kind in PersonalKind})
    assert as_data(value) == masked(value) == {kind.value: mask(kind, text) for kind in PersonalKind}
    assert as_data(value, may_see=True) == {kind.value: text for kind in PersonalKind}


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("of", ["cmp_1", 7, Order], ids=repr)
def test_what_an_answer_is_of_is_a_case_of_the_kind(of: Any) -> None:
    desk = memory_desk()
    by = desk.actor("u1", branch="hq", positions=("service_agent",))
    with pytest.raises(WrongArgument) as refused:
        desk.complaints.as_data((), by=by, of=of)
    assert refused.value.facts == {"field": "of", "given": type(of).__name__}
