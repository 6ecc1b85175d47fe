"""What a desk tells of its work: refusals in the log, units to an observer, and to OpenTelemetry; nothing personal."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import csdomain
from adapters.harness import Desks
from csdomain import Desk, RuleBroken
from csdomain.desk import Services
from csdomain.kernel.rules import AUDITED, PERSONAL_DATA
from csdomain.kernel.rules.errors import Conflict, NotFound, require
from csdomain.kernel.store.ports import Call
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import MovableClock, agent, complaint_form, memory_desk, no_holidays, received
from csdomain_adapters.django import atomic
from csdomain_adapters.opentelemetry import OpenTelemetry
from csdomain_adapters.telling import log_refusal
from hosts.shop import ALIAS, project

pytestmark = pytest.mark.rule(AUDITED, PERSONAL_DATA)
PHONE = "13812345678"
#: Where a desk may be: its own store; a transaction of the host's; Django's connections, alone and in a block.
WAYS = ("memory", "sqlite", "within", "django", "django block")
Told = list[tuple[str, str]]


@pytest.fixture(params=WAYS)
def way(
    request: pytest.FixtureRequest, desks: Desks, clean_url: Callable[[str], str]
) -> Iterator[tuple[Desk, Callable[[], Any], Told]]:
    """A desk, how to get at its contexts, and what its observer is told (beginnings, checks)."""
    told: Told = []

    def observe(use_case: str, seconds: float, outcome: str) -> None:
        assert seconds >= 0
        told.append((use_case, outcome))

    @contextmanager
    def within(desk: Desk) -> Iterator[Services]:
        with desk.store.engine.begin() as connection:  # type: ignore[attr-defined]
            yield desk.within(connection)

    @contextmanager
    def itself(desk: Desk) -> Iterator[Services]:
        yield desk

    options: dict[str, Any] = {"observer": observe, "clock": MovableClock(), "holidays": no_holidays()}
    with ExitStack() as stack:
        if request.param == "memory":
            desk = stack.enter_context(csdomain.open("memory:", **options))
        elif request.param in ("sqlite", "within"):
            desk = desks.at(clean_url("sqlite"), **options)
        else:
            stack.enter_context(project(clean_url("sqlite")))
            desk = csdomain.open(f"django:{ALIAS}", **options)
        told.clear()  # of what a desk does when it is opened
        how = {"within": within, "django block": atomic}.get(request.param, itself)
        yield desk, lambda: how(desk), told


# --- the log ----------------------------------------------------------------------------------------------------------


def test_a_refusal_is_logged_once_with_use_case_subject_code_and_rule(
    way: tuple[Desk, Callable[[], Any], Told], caplog: pytest.LogCaptureFixture
) -> None:
    desk, enter, _ = way
    caplog.set_level(logging.INFO, "csdomain.refusals")
    id = received(desk, complaint_form(customer=PHONE, reason="Zhang Wei")).id
    visitor = agent(desk, PHONE, position="")
    with pytest.raises(RuleBroken), enter() as inner:
        inner.complaints.check(id, f"call {PHONE}", by=visitor, at=desk.clock.now())
    [record] = [each for each in caplog.records if each.name == "csdomain.refusals"]
    assert record.levelno == logging.INFO
    assert record.getMessage() == f"complaint.check refused of {id}: not_permitted (KRN-13)"
    extra = {name: value for name, value in vars(record).items() if name.startswith("csdomain_")}
    assert extra == {
        "csdomain_use_case": "complaint.check",
        "csdomain_subject": id,
        "csdomain_code": "not_permitted",
        "csdomain_rule": "KRN-13",
    }
    assert PHONE not in str(vars(record))


def test_a_subject_that_is_no_id_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A host's own use case may have a phone number for a subject."""
    caplog.set_level(logging.INFO, "csdomain.refusals")
    with memory_desk() as desk:
        call = Call("ticket.close", ActorId("a"), desk.clock.now(), subject=PHONE)
        with pytest.raises(RuleBroken):
            desk.store.run(lambda _: require(False, AUDITED, why=PHONE), call)
    assert caplog.messages == ["ticket.close refused: rule_broken (KRN-11)"]
    assert PHONE not in str([vars(record) for record in caplog.records])
    log_refusal(None)


def test_nothing_is_logged_of_what_is_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "csdomain")
    with memory_desk() as desk:
        id = received(desk).id
        with pytest.raises(Conflict):
            desk.complaints.check(id, "x", by=agent(desk, position="sales"), at=desk.clock.now(), expected_version=9)
        with pytest.raises(NotFound):
            desk.complaints.get("cmp_01k9w3v7q8d3m6y2r5t0x4n1ab", by=agent(desk))
    assert caplog.messages == []


# --- the observer -----------------------------------------------------------------------------------------------------


def test_an_observer_is_told_of_each_unit_once(way: tuple[Desk, Callable[[], Any], Told]) -> None:
    desk, enter, told = way
    sales, at = agent(desk, position="sales"), desk.clock.now()
    with enter() as inner:
        id = inner.complaints.receive(complaint_form(), by=sales, at=at).id
        inner.complaints.check(id, "ours", by=sales, at=at)
        with pytest.raises(RuleBroken):
            inner.complaints.check(id, "ours", by=sales, at=at)
        with pytest.raises(Conflict):
            inner.complaints.check(id, "ours", by=sales, at=at, expected_version=9)
        assert inner.complaints.get(id, by=sales).version == 2, "a question is no unit of work"
    assert told == [
        ("complaint.receive", "ok"),
        ("complaint.check", "ok"),
        ("complaint.check", "move_refused"),
        ("complaint.check", "conflict"),
    ]


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_an_observer_that_raises_undoes_and_hides_nothing(
    backend: str, desks: Desks, caplog: pytest.LogCaptureFixture
) -> None:
    def observe(use_case: str, seconds: float, outcome: str) -> None:
        raise ZeroDivisionError(PHONE)

    desk = desks(backend, observer=observe)
    id = received(desk).id
    with pytest.raises(RuleBroken) as refused:
        desk.complaints.check(id, "x", by=agent(desk, "v", position=""), at=desk.clock.now())
    assert refused.value.rule.id == "KRN-13"
    assert desk.complaints.get(id, by=agent(desk)).id == id
    assert "the observer raised ZeroDivisionError" in caplog.text
    assert PHONE not in caplog.text


# --- OpenTelemetry ----------------------------------------------------------------------------------------------------


class Telemetry:
    """OpenTelemetry with exporters in memory."""

    def __init__(self) -> None:
        self.spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider([self.reader])
        self.observer = OpenTelemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    def counts(self) -> dict[tuple[tuple[str, Any], ...], int]:
        """How many values the histogram has, by its attributes."""
        data = self.reader.get_metrics_data()
        assert data is not None
        [metric] = [m for r in data.resource_metrics for scope in r.scope_metrics for m in scope.metrics]
        assert (metric.name, metric.unit) == ("csdomain.unit.duration", "s")
        points: Any = metric.data.data_points
        assert all(0 <= point.sum < 60 and point.explicit_bounds[0] == 0.001 for point in points)
        return {tuple(sorted(point.attributes.items())): point.count for point in points}


def test_units_become_spans_and_values() -> None:
    telemetry = Telemetry()
    at: dict[str, Any] = {}
    with csdomain.open("memory:", observer=telemetry.observer, clock=MovableClock(), holidays=no_holidays()) as desk:
        telemetry.spans.clear()
        sales, at["at"] = agent(desk, position="sales"), desk.clock.now()
        with telemetry.tracers.get_tracer("host").start_as_current_span("POST /complaints") as request:
            id = desk.complaints.receive(complaint_form(customer=PHONE), by=sales, **at).id
        with pytest.raises(RuleBroken):
            desk.complaints.check(id, PHONE, by=agent(desk, PHONE, position=""), **at)
        with pytest.raises(Conflict):
            desk.complaints.check(id, PHONE, by=sales, expected_version=9, **at)
        with pytest.raises(ZeroDivisionError):
            desk.store.run(lambda _: 1 // 0)
        try:
            raise RuleBroken  # the host is in the middle of an error of its own
        except RuleBroken:
            desk.complaints.check(id, "ours", by=sales, **at)

    filed, host, refused, conflict, failed, checked = telemetry.spans.get_finished_spans()
    assert filed.parent is not None
    assert filed.parent.span_id == request.get_span_context().span_id == host.context.span_id
    assert filed.start_time is not None and filed.end_time is not None  # noqa: PT018
    assert host.start_time is not None
    assert host.start_time - 1_000_000 <= filed.start_time <= filed.end_time
    seen = [(span.name, dict(span.attributes or {}), span.status.status_code) for span in (
        filed, refused, conflict, failed, checked
    )]  # fmt: skip
    unset, error = StatusCode.UNSET, StatusCode.ERROR
    assert seen == [
        ("complaint.receive", said("complaint.receive", "ok"), unset),
        ("complaint.check", said("complaint.check", "not_permitted", "KRN-13"), unset),
        ("complaint.check", said("complaint.check", "conflict", "KRN-12"), unset),
        ("unit", {**said("unit", "ZeroDivisionError"), "error.type": "ZeroDivisionError"}, error),
        ("complaint.check", said("complaint.check", "ok"), unset),
    ]
    counts = telemetry.counts()
    for _, attributes, _ in seen:
        assert counts[tuple(sorted(attributes.items()))] == 1
    everything = str([span.to_json() for span in telemetry.spans.get_finished_spans()]) + str(counts)
    assert PHONE not in everything
    assert id not in everything


def said(use_case: str, outcome: str, rule: str = "") -> dict[str, str]:
    found = {"csdomain.use_case": use_case, "csdomain.outcome": outcome}
    return {**found, "csdomain.rule": rule} if rule else found


def test_a_store_that_fails_is_an_error(desks: Desks) -> None:
    telemetry = Telemetry()
    desk = desks("sqlite", observer=telemetry.observer, busy_seconds=0)
    telemetry.spans.clear()
    with desk.store.engine.connect() as holder, holder.begin(), pytest.raises(csdomain.DomainError):  # type: ignore[attr-defined]
        received(desk)
    [span] = telemetry.spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == "store_busy"


def test_an_error_that_is_not_the_unit_s_is_not_taken_for_it() -> None:
    """A store may tell its observer when the error is past, and the host be in the middle of another."""
    telemetry = Telemetry()
    try:
        raise RuleBroken
    except RuleBroken:
        telemetry.observer("complaint.check", 0.1, "store_busy")
    [span] = telemetry.spans.get_finished_spans()
    assert dict(span.attributes or {}) == {**said("complaint.check", "store_busy"), "error.type": "store_busy"}


def test_without_an_sdk_it_does_nothing() -> None:
    with csdomain.open("memory:", observer=OpenTelemetry(), holidays=no_holidays()) as desk:
        assert received(desk).number.endswith("-0001")
