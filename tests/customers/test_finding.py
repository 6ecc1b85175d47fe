"""Customers are found by any one field, whole or in part, the best match first (CUS-04)."""

import typing
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.harness import SQL, Desks, Statements
from csdomain.customers.model.customer import Customer
from csdomain.customers.ports import AsWritten
from csdomain.customers.questions import finding
from csdomain.customers.questions.finding import TERMS, CustomerTerm, searched
from csdomain.customers.questions.matching import Group, Wanted, score
from csdomain.customers.rules import FINDING, MERGING
from csdomain.customers.values import MalformedCustomer, Profile
from csdomain.kernel.store.kinds import Query
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import memory_desk, staff
from csdomain_adapters.find import Fold
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.migrate import downgrade, upgrade

from .test_contract import PROFILE
from .test_rules import Clerk

pytestmark = pytest.mark.rule(FINDING)
FOLD: Final = Fold()
ZONES: Final = ("hq", "north")
#: Few characters, so that fields meet: the same in both scripts, a surname with a reading of its own, Latin, digits.
CHARACTERS: Final = "王小明單单曾ab 李"
NAMES: Final = st.text(CHARACTERS, min_size=1, max_size=5).filter(str.strip)
PHONES: Final = st.text("0123", min_size=3, max_size=8)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    drawn: dict[str, Any] = {
        "name": draw(NAMES),
        "phones": tuple(draw(st.lists(PHONES, min_size=1, max_size=2))),
        "addresses": tuple(draw(st.lists(NAMES, max_size=1))),
        "emails": tuple(draw(st.lists(st.sampled_from(["a.b@c.cn", "ab@cab.cn"]), max_size=1))),
        "doctor": draw(st.sampled_from(["functional_doctor", "other"])),
    }
    return attrs.evolve(PROFILE, **drawn)


def desk_with(people: list[tuple[Profile, str]]) -> tuple[Any, list[str]]:
    """A desk with these customers, each registered in a branch."""
    desk = memory_desk("medical_centre")
    clerk, ids = Clerk(desk), []
    for profile, branch in people:
        clerk.by = staff(desk, branch=branch)["hq"]
        ids.append(clerk.customer(profile))
    return desk, ids


crowds = st.lists(st.tuples(profiles(), st.sampled_from(ZONES)), min_size=1, max_size=6)


def fields(profile: Profile) -> list[tuple[Group, str]]:
    return [
        (Group.NAME, profile.name),
        *((Group.PHONE, phone) for phone in profile.phones),
        *((Group.CODE, mail) for mail in profile.emails),
        *((Group.TEXT, address) for address in profile.addresses),
    ]


@given(crowds, st.data())
def test_a_whole_field_is_among_the_first_and_another_character_of_it_never_drops_the_customer(
    people: list[tuple[Profile, str]], data: st.DataObject
) -> None:
    desk, ids = desk_with(people)
    boss = staff(desk)["hq"]
    nth = data.draw(st.integers(0, len(people) - 1))
    _, text = data.draw(st.sampled_from(fields(people[nth][0])))
    hits = desk.customers.search(text, by=boss, limit=1000)
    first = [hit.customer.id for hit in hits if hit.score.fit == 4]
    assert ids[nth] in first
    assert [hit.customer.id for hit in hits[: len(first)]] == first, "nothing before a whole field"
    start = data.draw(st.integers(0, len(text) - 1))
    seen = False
    for end in range(start + 1, len(text) + 1):
        if text[start:end].strip():
            found = ids[nth] in {h.customer.id for h in desk.customers.search(text[start:end], by=boss, limit=1000)}
            assert found or not seen, f"{text[start:end]!r} drops it"
            seen = found


@given(crowds, st.text(CHARACTERS + "0123@.", min_size=1, max_size=6).filter(str.strip))
@example([(attrs.evolve(PROFILE, name="王小"), "north"), (attrs.evolve(PROFILE, name="王小明"), "hq")], "王小")
def test_who_asks_finds_all_that_fit_in_their_scope_and_nobody_else(
    people: list[tuple[Profile, str]], query: str
) -> None:
    """The oracle goes through all there are."""
    desk, ids = desk_with(people)
    rules, fold = desk.customers._rules, desk.customers._fold
    everyone: dict[str, Customer] = {
        customer.id: customer for customer in desk.customers.find(Query(limit=99), by=staff(desk)["hq"]).items
    }
    assert list(everyone) == ids
    for who in (staff(desk)["hq"], staff(desk)["customer_service"], staff(desk)["functional_doctor"]):
        hits = desk.customers.search(query, by=who, limit=1000)
        readable = {customer.id for customer in desk.customers.find(Query(limit=99), by=who).items}
        fit = {
            id: fits
            for id, customer in everyone.items()
            if id in readable and (fits := score(Wanted.of(query, fold), searched(customer, rules), fold)) is not None
        }
        assert {hit.customer.id: hit.score for hit in hits} == fit
        assert [hit.customer.id for hit in hits] == sorted(fit, key=lambda one: (-fit[one].fit, -fit[one].field, one))
        assert desk.customers.search(query, by=who, limit=1) == hits[:1], "nobody fits better than who is shown"
        assert desk.customers.search(query, by=who, limit=2) == hits[:2]


@settings(max_examples=25)
@given(st.lists(profiles(), min_size=1, max_size=2), st.data())
def test_however_many_others_fit_before_them_of_ones_own_customers_none_is_lost(
    mine: list[Profile], data: st.DataObject
) -> None:
    """Of the others each is called and reached as one's own are, was there before, and more of them than are read."""
    of: Any = {whose: {data.draw(st.sampled_from(["doctor", "manager"])): whose} for whose in ("other", "me")}
    others = [attrs.evolve(profile, **of["other"]) for profile in mine * 3]
    desk, _ = desk_with([(profile, "hq") for profile in others])
    clerk = Clerk(desk)
    ids = [clerk.customer(attrs.evolve(profile, **of["me"])) for profile in mine]
    me = desk.actor("me", branch="hq", positions=("functional_doctor",))
    _, text = data.draw(st.sampled_from(fields(data.draw(st.sampled_from(mine)))))
    start = data.draw(st.integers(0, len(text) - 1))
    query = text[start : data.draw(st.integers(start + 1, len(text)))]
    if not query.strip():
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "CANDIDATES", len(mine) * 2)
        found = [hit.customer.id for hit in desk.customers.search(query, by=me, limit=len(mine))]
    rules, fold, wanted = desk.customers._rules, desk.customers._fold, Wanted.of(query, desk.customers._fold)
    everyone = [desk.customers.get(id, by=me) for id in ids]
    assert sorted(found) == [one.id for one in everyone if score(wanted, searched(one, rules), fold) is not None]


@pytest.mark.parametrize("fold", [FOLD, AsWritten()], ids=["find", "as written"])
@pytest.mark.parametrize(
    "query", ["%", "_", "🙂", "%%", "__", "王_明", "王%", "\u200b", "=王小明", "^王", ".wx", "-" * 100, "王" * 120]
)
def test_signs_have_no_meaning_and_find_nothing_by_themselves(query: str, fold: Any) -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        clerk.does = attrs.evolve(desk.customers, fold=fold)
        clerk.customer()
        found = clerk.does.search(query, by=clerk.by)
        assert [hit.customer.profile.name for hit in found] == ["王小明"] * (query in ("王%", "^王", "=王小明"))


@pytest.mark.parametrize("query", ["", " ", "王" * 121, "王小明" * 3400, "a\0", "\ud800"])
def test_no_text_and_a_long_one_are_refused_by_name(query: str) -> None:
    with memory_desk("medical_centre") as desk, pytest.raises(MalformedCustomer) as refused:
        desk.customers.search(query, by=staff(desk)["hq"])
    assert refused.value.facts["field"] == "text"


@pytest.mark.parametrize(
    "query",
    [
        *(
            "张伟",
            "張偉",
            "zhangwei",
            "Zhang W",
            "zw",
            "zhw",
            "伟",
            "5678",
            "13812345678",
            "+86 138-1234-5678",
            "＋８６１３８１２３４５６７８",
            "K-77",
        ),
        *("k77", "zw@example", "朝阳区", "朝陽", "ＺＷ＠ＥＸＡＭＰＬＥ．ＣＯＭ", "likes tea", "tea"),
    ],
)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_by_any_one_field_in_either_script(desks: Desks, backend: str, query: str) -> None:
    with desks(backend, rulebook="medical_centre") as desk:
        clerk = Clerk(desk)
        clerk.does = attrs.evolve(desk.customers, fold=FOLD)
        clerk.customer(name="李雷", phones=("13900001111",))
        contact: dict[str, Any] = {
            "phones": ("+8613812345678",),
            "emails": ("zw@example.com",),
            "addresses": ("北京市朝阳区1号",),
        }
        id = clerk.customer(name="张伟", card="K-77", **{**contact, "remark": "likes tea"})
        expected = [] if query == "伟" else [id]
        who = staff(desk)
        for by in (who["hq"], who["customer_service"], who["functional_doctor"]):  # in all, in the branch, the own
            assert [hit.customer.id for hit in clerk.does.search(query, by=by)] == expected
        others = (ActorId("d7"), "hq", "functional_doctor"), (ActorId("c7"), "north", "customer_service")
        for name, branch, position in others:
            assert not clerk.does.search(query, by=desk.actor(name, branch=branch, positions=(position,)))


@pytest.mark.rule(MERGING)
def test_a_merged_record_finds_the_one_it_points_to_and_only_where_that_one_is_in_reach() -> None:
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        old = clerk.customer(name="曾国藩")
        clerk.by = staff(desk, branch="north")["hq"]
        new = clerk.customer(name="曾涤生")
        clerk.call(clerk.does.merge, old, new)
        assert [hit.customer.id for hit in clerk.does.search("国藩", by=clerk.by)] == [new]
        assert not clerk.does.search("国藩", by=staff(desk)["customer_service"])


def test_a_crowd_of_namesakes_hides_no_whole_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "CANDIDATES", 5)
    with memory_desk("medical_centre") as desk:
        clerk = Clerk(desk)
        for n in range(20):
            clerk.customer(name=f"王小明{n}", remark="王小")
        id = clerk.customer(name="王小")
        assert clerk.does.search("王小", by=clerk.by)[0].customer.id == id


def test_a_change_of_representative_or_name_is_found_anew_at_once_with_two_statements(desks: Desks) -> None:
    with desks("sqlite", rulebook="medical_centre") as desk:
        clerk, hear = Clerk(desk), Statements(desk.store).of
        id = clerk.customer(doctor="other")
        assert not clerk.does.search(
            "王小明", by=desk.actor(ActorId("d7"), branch="hq", positions=("functional_doctor",))
        )
        clerk.call(clerk.does.set_apart, id)
        said = hear(lambda: clerk.call(clerk.does.assign, id, "d7"))
        told = [each for each in said if each.endswith("csd_customer_term")]
        assert told == ["DELETE csd_customer_term", "INSERT INTO csd_customer_term"]
        mine = clerk.does.search("王小明", by=desk.actor(ActorId("d7"), branch="hq", positions=("functional_doctor",)))
        assert [hit.customer.id for hit in mine] == [id]
        said = hear(lambda: clerk.call(clerk.does.note_intention, id, "tests"))
        assert not [each for each in said if each.endswith("csd_customer_term")]
        said = hear(lambda: clerk.does.search("wangxm", by=clerk.by))
        assert len(said) <= 9, said
        assert desk.store.look(lambda unit: unit.register(TERMS).rows(limit=1000).next) is None


@pytest.mark.parametrize("backend", SQL)
def test_who_was_there_before_the_upgrade_is_found_by_the_new_terms_once_the_job_has_made_them(
    desks: Desks, backend: str
) -> None:
    url = desks.clean(backend)
    with desks.at(url, rulebook="medical_centre", upgrade=True) as desk:
        clerk, store = Clerk(desk), typing.cast("SqlStore", desk.store)
        id = clerk.customer()
        whose: Any = dict.fromkeys(("branch", "owner", "doctor", "manager"), "hq")
        old = [CustomerTerm(field=1, term=term, customer=id, **whose) for term in ("=13812345678", "$12345678")]

        def before(unit: Unit) -> None:
            unit.register(TERMS).drop(TERMS["customer"].is_(id))
            unit.register(TERMS).put(old)

        store.run(before)
        downgrade(store.engine, "0018")
        upgrade(store.engine)
        upgrade(store.engine)
        assert not clerk.does.search("5678", by=clerk.by)
        {job.name: job for job in desk.jobs()}["rebuild"].run(lambda _: None)
        assert [hit.customer.id for hit in clerk.does.search("5678", by=clerk.by)] == [id]
        assert desk.rebuild("customer_term")[0].added == 0
