"""Approval limits (KRN-08): who decides, who only recommends, who is barred; against a slow oracle."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csdomain.kernel.papers.approvals import (
    Approval,
    ApprovalLadder,
    ApprovalVoid,
    Band,
    BeyondAuthority,
    Delegation,
    DelegationInvalid,
    Delegations,
    LadderInvalid,
    Outcome,
    OwnRequest,
    Request,
    SignatureMissing,
    Way,
    decide,
    explain,
    ways,
)
from csdomain.kernel.rules import APPROVALS
from csdomain.kernel.rules.errors import NaiveTime, RuleBroken
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import CurrencyMismatch, Money

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def yuan(amount: int | str) -> Money:
    return Money.of(amount, "CNY")


#: The document's own ladder: up to 1,000, over it up to 5,000, over that.
LADDER = ApprovalLadder(
    (
        Band("sales_manager", None, yuan(1000)),
        Band("deputy", yuan(1000), yuan(5000)),
        Band("general_manager", yuan(5000)),
    )
)
PEOPLE = [ActorId(name) for name in ("ann", "bob", "cai", "dan")]
AUTHORITIES = [band.authority for band in LADDER.bands]

edges = st.lists(st.integers(1, 10**9), min_size=0, max_size=5, unique=True).map(sorted)
amounts = st.integers(0, 2 * 10**9).map(lambda minor: Money(minor, "CNY"))


@st.composite
def ladders(draw: st.DrawFn) -> ApprovalLadder:
    tops: list[int | None] = [*draw(edges)]
    if not tops or draw(st.booleans()):
        tops.append(None)
    floors = [None, *tops[:-1]]
    bands = [
        Band(f"a{i}", None if low is None else Money(low, "CNY"), None if top is None else Money(top, "CNY"))
        for i, (low, top) in enumerate(zip(floors, tops, strict=True))
    ]
    return ApprovalLadder(tuple(bands))


@st.composite
def delegations(draw: st.DrawFn) -> tuple[Delegation, ...]:
    rows = []
    for _ in range(draw(st.integers(0, 5))):
        principal, deputy = draw(st.permutations(PEOPLE))[:2]
        since = draw(st.integers(0, 8))
        until = draw(st.integers(since + 1, 10))
        limit = draw(st.none() | st.integers(1, 9000).map(yuan))
        authority = draw(st.sampled_from(AUTHORITIES))
        rows.append(Delegation(principal, deputy, authority, T0 + since * HOUR, T0 + until * HOUR, limit))
    return tuple(rows)


holdings = st.dictionaries(st.sampled_from(PEOPLE), st.frozensets(st.sampled_from(AUTHORITIES)), max_size=4)


@pytest.mark.rule(APPROVALS)
@given(ladders(), amounts)
def test_the_band_is_the_lowest_that_reaches_the_amount_and_an_edge_is_the_lower_ones(
    ladder: ApprovalLadder, amount: Money
) -> None:
    reaching = [band for band in ladder.bands if band.up_to is None or amount.minor <= band.up_to.minor]
    if not reaching:
        with pytest.raises(BeyondAuthority) as beyond:
            ladder.band(amount)
        assert beyond.value.facts == {"amount": amount, "limit": ladder.bands[-1].up_to}
        return
    band = ladder.band(amount)
    assert band is reaching[0]
    if band.up_to is not None:
        assert ladder.band(band.up_to) is band
    # Whoever decides an amount decides every smaller one, and a higher authority decides it too.
    names = [b.authority for b in ladder.bands]
    assert [ladder.suffices(name, amount) for name in names] == [b in reaching for b in ladder.bands]
    assert ladder.suffices("nobody", amount) is False
    assert all(ladder.suffices(b.authority, b.up_to) for b in ladder.bands if b.up_to is not None)


@pytest.mark.rule(APPROVALS)
@given(ladders(), st.data())
def test_a_gap_an_overlap_and_a_repeated_authority_are_refused(ladder: ApprovalLadder, data: st.DataObject) -> None:
    bands = list(ladder.bands)
    assume(len(bands) > 1)
    i = data.draw(st.integers(1, len(bands) - 1))
    shift = data.draw(st.sampled_from([-1, 1]))
    over = bands[i].over
    assert over is not None
    moved = [*bands[:i], Band(bands[i].authority, Money(over.minor + shift, "CNY"), bands[i].up_to), *bands[i + 1 :]]
    with pytest.raises(LadderInvalid) as refused:
        ApprovalLadder(tuple(moved))
    assert refused.value.facts["found"] == ("gap" if shift > 0 else "overlap")
    assert refused.value.facts["band"] == bands[i].authority
    with pytest.raises(LadderInvalid):
        ApprovalLadder((*bands[:i], Band(bands[0].authority, bands[i].over, bands[i].up_to), *bands[i + 1 :]))
    with pytest.raises(LadderInvalid):
        ApprovalLadder((Band("endless"), *bands[1:]))


@pytest.mark.rule(APPROVALS)
@pytest.mark.parametrize(
    ("bands", "facts"),
    [
        ((), {"given": 0}),
        ((Band("a", yuan(1), yuan(5)),), {"band": "a", "field": "over", "given": yuan(1)}),
        ((Band("a", Money(1, "CNY"), yuan(5)),), {"band": "a", "field": "over", "given": Money(1, "CNY")}),
        ((Band("a", None, yuan(0)),), {"band": "a", "field": "up_to", "given": yuan(0), "minimum": 0}),
        (
            (Band("a", None, yuan(5)), Band("b", yuan(5), yuan(5))),
            {"band": "b", "field": "up_to", "given": yuan(5), "minimum": yuan(5)},
        ),
        (
            (Band("a", None, yuan(5)), Band("b", None, yuan(9))),
            {"band": "b", "found": "gap", "given": None, "expected": yuan(5)},
        ),
        ((Band("a", None, yuan(5)), Band("b")), {"band": "b", "field": "over"}),
        ((Band("a"), Band("b", yuan(5))), {"band": "a", "field": "up_to"}),
        ((Band("", None, yuan(5)),), {"given": [""]}),
        ((Band("a", None, yuan(5)), Band("", yuan(5))), {"given": ["a", ""]}),
        ((Band("a", None, yuan(5)), Band("a", yuan(5))), {"given": ["a", "a"]}),
    ],
)
def test_what_is_no_ladder_is_refused(bands: tuple[Band, ...], facts: dict[str, object]) -> None:
    with pytest.raises(LadderInvalid) as refused:
        ApprovalLadder(bands)
    assert refused.value.facts == facts


@pytest.mark.rule(APPROVALS)
@pytest.mark.parametrize(
    "bands",
    [
        (Band("a"),),
        (Band("a", yuan(0), yuan(5)),),
        (Band("a", None, Money(1, "CNY")),),
        (Band("a", yuan(0)),),
        (Band("a", None, yuan(5)), Band("b", yuan(5))),
    ],
)
def test_a_ladder_may_begin_at_zero_and_have_one_band(bands: tuple[Band, ...]) -> None:
    ladder = ApprovalLadder(bands)
    assert ladder.band(yuan(0)).authority == "a"
    assert [ladder.limit(band.authority) for band in bands] == [band.up_to for band in bands]
    with pytest.raises(KeyError):
        ladder.limit("nobody")


@pytest.mark.rule(APPROVALS)
def test_a_ladder_has_one_currency() -> None:
    with pytest.raises(CurrencyMismatch):
        ApprovalLadder((Band("a", None, yuan(5)), Band("b", Money.of(5, "USD"))))
    with pytest.raises(CurrencyMismatch):
        LADDER.band(Money.of(5, "USD"))


def acting(
    deputy: ActorId, authority: str, rows: tuple[Delegation, ...], held: dict[ActorId, frozenset[str]], at: datetime
) -> list[tuple[set[ActorId], int | None]]:
    """Oracle: each chain to someone who holds the authority, as (its people, its least limit in minor units)."""
    top = LADDER.limit(authority)
    found: list[tuple[set[ActorId], int | None]] = []

    def walk(person: ActorId, people: set[ActorId], limits: list[int]) -> None:
        if authority in held.get(person, frozenset()):
            found.append((people, min(limits) if limits else None))
        for row in rows:
            if row.deputy == person and row.authority == authority and row.since <= at < row.until:
                walk(row.principal, people | {row.principal}, limits + ([row.limit.minor] if row.limit else []))

    walk(deputy, {deputy}, [top.minor] if top else [])
    return found


@pytest.mark.rule(APPROVALS)
@given(
    delegations(),
    holdings,
    st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE),
    st.integers(0, 7000).map(yuan),
    st.integers(0, 7000).map(yuan),
    st.integers(0, 10),
)
def test_who_decides_is_who_the_oracle_says(
    rows: tuple[Delegation, ...],
    held: dict[ActorId, frozenset[str]],
    by: ActorId,
    requester: ActorId,
    amount: Money,
    case_total: Money,
    hour: int,
) -> None:
    try:
        all_rows = Delegations(rows)
    except DelegationInvalid:
        return
    at = T0 + hour * HOUR
    request = Request("cmp", requester, amount, case_total)
    total = max(amount.minor, case_total.minor)
    chains = [chain for authority in AUTHORITIES for chain in acting(by, authority, rows, held, at)]
    clean = [limit for people, limit in chains if requester not in people]
    enough = any(limit is None or total <= limit for limit in clean)
    explained = explain(LADDER, request, by, held, all_rows, at)
    if enough:
        approval = decide(LADDER, request, Outcome.APPROVED, by=by, held=held, delegations=all_rows, at=at)
        assert (approval.amount.minor, approval.by, approval.at) == (total, by, at)
        assert requester not in (approval.by, approval.acting_for)
        assert explained.may is Outcome.APPROVED
        return
    expected = BeyondAuthority if clean or (not chains and by != requester) else OwnRequest
    with pytest.raises(expected):
        decide(LADDER, request, Outcome.APPROVED, by=by, held=held, delegations=all_rows, at=at)
    assert explained.may is (Outcome.RECOMMENDED if clean else None)
    if clean:
        advice = decide(LADDER, request, Outcome.RECOMMENDED, by=by, held=held, delegations=all_rows, at=at)
        with pytest.raises(ApprovalVoid):
            advice.require_covers(amount)


@pytest.mark.rule(APPROVALS)
@given(delegations())
def test_delegations_in_a_circle_are_refused_and_only_those(rows: tuple[Delegation, ...]) -> None:
    def circle_at(at: datetime, authority: str) -> bool:
        links = {(r.deputy, r.principal) for r in rows if r.authority == authority and r.since <= at < r.until}
        reached = set(links)
        while more := {(a, d) for a, b in reached for c, d in links if b == c} - reached:
            reached |= more
        return any(a == b for a, b in reached)

    circular = any(circle_at(T0 + hour * HOUR, authority) for hour in range(11) for authority in AUTHORITIES)
    if circular:
        with pytest.raises(DelegationInvalid) as refused:
            Delegations(rows)
        facts = refused.value.facts
        assert (facts["actor"], facts["authority"], facts["at"]) in {(r.deputy, r.authority, r.since) for r in rows}
    else:
        assert Delegations(rows).rows == rows


@pytest.mark.rule(APPROVALS)
@given(delegations(), holdings, st.sampled_from(PEOPLE), st.integers(0, 10))
def test_a_delegation_never_raises_a_limit(
    rows: tuple[Delegation, ...], held: dict[ActorId, frozenset[str]], by: ActorId, hour: int
) -> None:
    try:
        all_rows = Delegations(rows)
    except DelegationInvalid:
        return
    request = Request("cmp", ActorId("zoe"), yuan(3000), yuan(1))
    found = ways(LADDER, request, by, held, all_rows, T0 + hour * HOUR)
    for way in found:
        top = LADDER.limit(way.authority)
        assert top is None or (way.limit is not None and way.limit <= top)
        assert way.suffices == (way.limit is None or yuan(3000) <= way.limit)
        assert (way.acting_for is None) == (way.through == ())
        assert way.acting_for is None or way.through[-1] == way.acting_for
        assert not way.barred
    # Those that suffice come first, and of these the own ones.
    assert [w.suffices for w in found] == sorted((w.suffices for w in found), reverse=True)
    for enough in (True, False):
        acting = [way.acting_for is not None for way in found if way.suffices is enough]
        assert acting == sorted(acting)


@pytest.mark.rule(APPROVALS)
def test_a_chain_of_delegations_is_followed_link_by_link_the_short_ones_first() -> None:
    def lent(principal: str, deputy: str, authority: str = "deputy") -> Delegation:
        return Delegation(ActorId(principal), ActorId(deputy), authority, T0, T0 + HOUR)

    rows = (lent("b", "a"), lent("d", "a"), lent("c", "b"), lent("e", "d"), lent("f", "e"), lent("a", "z"))
    chains = Delegations(rows).ways(ActorId("a"), "deputy", T0)
    assert [[row.principal for row in chain] for chain in chains] == [
        ["b"], ["d"], ["b", "c"], ["d", "e"], ["d", "e", "f"],
    ]  # fmt: skip
    with pytest.raises(DelegationInvalid) as refused:
        Delegations((*rows, lent("z", "f")))
    assert refused.value.facts["authority"] == "deputy"
    # Another authority's links make no circle.
    assert Delegations((*rows, lent("z", "f", "general_manager"))).ways(ActorId("f"), "deputy", T0) == ()


@pytest.mark.rule(APPROVALS)
def test_beyond_the_last_band_its_limit_is_named() -> None:
    ladder = ApprovalLadder((Band("a", None, yuan(5)), Band("b", yuan(5), yuan(9))))
    with pytest.raises(BeyondAuthority) as beyond:
        ladder.band(yuan(10))
    assert beyond.value.facts == {"amount": yuan(10), "limit": yuan(9)}


HELD = {ActorId("dep"): frozenset({"deputy"}), ActorId("gm"): frozenset({"general_manager"})}


def ask(amount: int, total: int | None = None, **more: object) -> Request:
    return Request("cmp", ActorId("ann"), yuan(amount), yuan(amount if total is None else total), **more)  # type: ignore[arg-type]  # test data


@pytest.mark.rule(APPROVALS)
def test_a_case_split_into_parts_is_seen_whole() -> None:
    assert decide(LADDER, ask(3000), Outcome.APPROVED, by=ActorId("dep"), held=HELD, at=T0).authority == "deputy"
    with pytest.raises(BeyondAuthority) as refused:
        decide(LADDER, ask(3000, total=6000), Outcome.APPROVED, by=ActorId("dep"), held=HELD, at=T0)
    assert refused.value.facts == {
        "actor": "dep", "amount": yuan(6000), "authority": "deputy", "limit": yuan(5000),
    }  # fmt: skip
    assert "general_manager" in str(refused.value)
    with pytest.raises(BeyondAuthority) as nobody:
        decide(LADDER, ask(3000), Outcome.APPROVED, by=ActorId("bob"), held=HELD, at=T0)
    assert nobody.value.facts == {"actor": "bob", "amount": yuan(3000)}
    assert "deputy, or a recommendation only" in str(nobody.value)
    assert "deputy 核决" in nobody.value.render("zh")


@pytest.mark.rule(APPROVALS)
def test_an_approval_is_void_once_the_amount_is_raised() -> None:
    approval = decide(LADDER, ask(3000), Outcome.APPROVED, by=ActorId("dep"), held=HELD, at=T0)
    approval.require_covers(yuan(3000))
    approval.require_covers(yuan(2000))
    with pytest.raises(ApprovalVoid) as void:
        approval.require_covers(yuan("3000.01"))
    assert void.value.facts == {"amount": yuan("3000.01"), "limit": yuan(3000), "outcome": Outcome.APPROVED}
    for outcome in (Outcome.REJECTED, Outcome.RETURNED, Outcome.RECOMMENDED):
        with pytest.raises(ApprovalVoid):
            attrs.evolve(approval, outcome=outcome).require_covers(yuan(1))


@pytest.mark.rule(APPROVALS)
def test_who_asked_decides_neither_in_person_nor_through_others() -> None:
    own = Request("cmp_1", ActorId("dep"), yuan(10), yuan(10))
    lent = Delegations((Delegation(ActorId("dep"), ActorId("bob"), "deputy", T0, T0 + HOUR),))
    for by in ("dep", "bob"):
        with pytest.raises(OwnRequest) as refused:
            decide(LADDER, own, Outcome.APPROVED, by=ActorId(by), held=HELD, delegations=lent, at=T0)
        assert refused.value.facts == {"subject": "cmp_1", "actor": by}
        explained = explain(LADDER, own, ActorId(by), HELD, lent, T0)
        assert explained.may is None
        assert [(way.barred, way.suffices) for way in explained.ways] == [(True, True)]
    # Whoever has a way besides decides by that one.
    both = {**HELD, ActorId("bob"): frozenset({"general_manager"})}
    clean = decide(LADDER, own, Outcome.APPROVED, by=ActorId("bob"), held=both, delegations=lent, at=T0)
    assert (clean.authority, clean.acting_for) == ("general_manager", None)
    assert [way.barred for way in explain(LADDER, own, ActorId("bob"), both, lent, T0).ways] == [False, True]


@pytest.mark.rule(APPROVALS)
def test_earlier_signatures_come_first_and_a_refusal_needs_a_reason() -> None:
    request = ask(3000, required=("sales", "r_and_d"), signatures={"sales": ActorId("ann")})
    with pytest.raises(SignatureMissing) as missing:
        decide(LADDER, request, Outcome.APPROVED, by=ActorId("dep"), held=HELD, at=T0)
    assert missing.value.facts == {"subject": "cmp", "missing": "r_and_d"}
    for outcome in (Outcome.REJECTED, Outcome.RETURNED):
        with pytest.raises(RuleBroken) as no_reason:
            decide(LADDER, request, outcome, by=ActorId("dep"), held=HELD, at=T0, reason="  ")
        assert no_reason.value.facts == {"outcome": outcome}
        done = decide(LADDER, request, outcome, by=ActorId("dep"), held=HELD, at=T0, reason="no sample")
        assert (done.outcome, done.reason) == (outcome, "no sample")


@pytest.mark.rule(APPROVALS)
def test_authority_is_what_is_held_at_the_moment_of_decision() -> None:
    deputised = Delegations((Delegation(ActorId("gm"), ActorId("dep"), "general_manager", T0, T0 + HOUR),))

    def approve(at: datetime, held: dict[ActorId, frozenset[str]]) -> Approval:
        return decide(LADDER, ask(9000), Outcome.APPROVED, by=ActorId("dep"), held=held, delegations=deputised, at=at)

    assert approve(T0, HELD).acting_for == "gm"
    for at, held in (
        (T0 - timedelta(microseconds=1), HELD),
        (T0 + HOUR, HELD),  # the end is not part of it
        (T0, {**HELD, ActorId("gm"): frozenset[str]()}),  # the principal lost the authority meanwhile
    ):
        with pytest.raises(BeyondAuthority):
            approve(at, held)
    with pytest.raises(NaiveTime):
        approve(datetime(2026, 3, 2), HELD)  # noqa: DTZ001 - that is the point


@pytest.mark.rule(APPROVALS)
def test_the_explanation_is_for_people_in_both_languages() -> None:
    explained = explain(LADDER, ask(3000, required=("sales",)), ActorId("dep"), HELD, Delegations(), T0)
    assert explained.decided_by == "deputy"
    assert explained.may is Outcome.RECOMMENDED
    assert (explained.amount, explained.part, explained.missing) == (yuan(3000), yuan(3000), ("sales",))
    assert "3000.00 CNY is decided by deputy" in explained.text("en")
    assert "signature missing: sales" in explained.text("en")
    assert "缺少签核：sales" in explained.text("zh")


@pytest.mark.rule(APPROVALS)
def test_every_way_is_explained_in_both_languages() -> None:
    held = {
        ActorId("bob"): frozenset({"sales_manager", "general_manager"}),
        ActorId("ann"): frozenset({"general_manager"}),
        ActorId("dep"): frozenset({"deputy"}),
    }
    lent = Delegations(
        (
            Delegation(ActorId("dep"), ActorId("bob"), "deputy", T0, T0 + HOUR, yuan(2000)),
            Delegation(ActorId("ann"), ActorId("bob"), "general_manager", T0, T0 + HOUR, yuan(9000)),
        )
    )
    explained = explain(LADDER, ask(1000, total=3000, required=("sales",)), ActorId("bob"), held, lent, T0)
    assert explained.text().splitlines() == [
        "3000.00 CNY is decided by deputy",
        "  general_manager: no limit, suffices",
        "  sales_manager: 1000.00 CNY, is not enough",
        "  deputy for dep: 2000.00 CNY, is not enough",
        "  general_manager for ann: 9000.00 CNY, barred: it is the requester's",
        "  signature missing: sales",
    ]
    assert explained.text("zh").splitlines() == [
        "3000.00 CNY：由 deputy 核决",
        "  general_manager: 无上限, 可核决",
        "  sales_manager: 1000.00 CNY, 不足",
        "  deputy（代 dep）: 2000.00 CNY, 不足",
        "  general_manager（代 ann）: 9000.00 CNY, 申请人本人，不可",
        "  缺少签核：sales",
    ]
    assert (explained.amount, explained.part, explained.may) == (yuan(3000), yuan(1000), Outcome.RECOMMENDED)
    assert explain(LADDER, ask(3000), ActorId("bob"), held, lent, T0).may is Outcome.APPROVED
    # The way that would suffice is the requester's: without it, there is only advice.
    held[ActorId("bob")] = frozenset({"sales_manager"})
    assert explain(LADDER, ask(3000), ActorId("bob"), held, lent, T0).may is Outcome.RECOMMENDED


@pytest.mark.rule(APPROVALS)
def test_a_chain_counts_where_its_first_principal_holds_the_authority_and_has_its_least_limit() -> None:
    def lent(principal: str, deputy: str, limit: int | None = None) -> Delegation:
        top = None if limit is None else yuan(limit)
        return Delegation(ActorId(principal), ActorId(deputy), "deputy", T0, T0 + HOUR, top)

    rows = Delegations((lent("cai", "bob"), lent("dep", "cai", 2000), lent("dan", "bob", 3000)))
    held = {ActorId("dep"): frozenset({"deputy"}), ActorId("dan"): frozenset({"deputy"})}
    by = ActorId("bob")
    found = ways(LADDER, ask(2000), by, held, rows, T0)
    assert [(way.acting_for, way.through, way.limit) for way in found] == [
        ("dan", ("dan",), yuan(3000)),
        ("dep", ("cai", "dep"), yuan(2000)),
    ]
    assert [way.suffices for way in found] == [True, True]
    assert [way.suffices for way in ways(LADDER, ask(2001), by, held, rows, T0)] == [True, False]
    edge = decide(LADDER, ask(3000), Outcome.APPROVED, by=by, held=held, delegations=rows, at=T0)
    assert edge.acting_for == "dan"
    with pytest.raises(BeyondAuthority):
        decide(LADDER, ask(3001), Outcome.APPROVED, by=by, held=held, delegations=rows, at=T0)
    # Whoever stands between holds nothing, and may be asked for nothing.
    assert ways(LADDER, ask(1), by, {ActorId("cai"): frozenset({"deputy"})}, rows, T0)[0].acting_for == "cai"
    assert Way("deputy", None, None) == Way("deputy", None, None, (), suffices=False, barred=False)


@pytest.mark.rule(APPROVALS)
def test_a_delegation_to_oneself_or_over_no_time_is_refused() -> None:
    with pytest.raises(DelegationInvalid) as oneself:
        Delegation(ActorId("gm"), ActorId("gm"), "general_manager", T0, T0 + HOUR)
    assert oneself.value.facts == {"actor": "gm"}
    with pytest.raises(DelegationInvalid) as no_time:
        Delegation(ActorId("gm"), ActorId("dep"), "general_manager", T0, T0)
    assert no_time.value.facts == {"given": T0}


def test_the_ladder_of_the_document_has_touching_bands() -> None:
    for lower, upper in pairwise(LADDER.bands):
        assert lower.up_to == upper.over
