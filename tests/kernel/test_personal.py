"""Personal data is marked, masked, exported whole and erased, however deep it stands (KRN-14)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.values.money import Money
from csdomain.kernel.values.personal import PersonalKind, erased, exported, marks, mask, masked, personal

pytestmark = pytest.mark.rule(PERSONAL_DATA)


@attrs.frozen
class Contact:
    id: str
    name: str = personal(PersonalKind.NAME, default="")
    phone: str = personal(PersonalKind.PHONE, default="")
    email: str | None = personal(PersonalKind.EMAIL, default=None)
    number: str = personal(PersonalKind.ID_NUMBER, default="")
    address: str = personal(PersonalKind.ADDRESS, default="")
    born: date | None = personal(PersonalKind.OTHER, default=None)  # noqa: RUF009
    history: tuple[str, ...] = personal(PersonalKind.MEDICAL, default=())
    notes: list[str] = personal(PersonalKind.MEDICAL, factory=list)  # noqa: RUF009
    more: Mapping[str, str] = personal(PersonalKind.OTHER, factory=dict)
    tags: frozenset[str] = personal(PersonalKind.OTHER, factory=frozenset)
    _secret: str = personal(PersonalKind.OTHER, default="")


@attrs.frozen
class Case:
    id: str
    amount: Money
    on: date
    contact: Contact
    family: tuple[Contact, ...] = ()
    by_role: Mapping[str, Contact] = attrs.field(factory=dict)
    groups: Mapping[str, tuple[Contact, ...]] = attrs.field(factory=dict)
    queue: list[Contact] = attrs.field(factory=list)
    nested: "Case | None" = None
    remark: str = ""


#: What is personal carries letters that stand nowhere else, all through it: digits alone may be an amount.
secret_texts = st.text("äö0123456789", min_size=4, max_size=12).map(lambda t: f"ÄÖ{'ü'.join(t)}ÖÄ")
contacts = st.builds(
    Contact,
    id=st.from_regex(r"cus_[0-9]{4}", fullmatch=True),
    name=secret_texts,
    phone=secret_texts,
    email=st.none() | secret_texts.map(lambda t: f"{t}@example.com"),
    number=secret_texts,
    address=secret_texts,
    born=st.none() | st.dates(date(1930, 1, 1), date(1999, 1, 1)),
    history=st.lists(secret_texts, max_size=2).map(tuple),
    notes=st.lists(secret_texts, max_size=2),
    more=st.dictionaries(secret_texts, secret_texts, max_size=2),
    tags=st.frozensets(secret_texts, max_size=2),
    secret=secret_texts,
)
flat = st.builds(
    Case,
    id=st.from_regex(r"cmp_[0-9]{4}", fullmatch=True),
    amount=st.builds(Money, st.integers(0, 10**9), st.just("CNY")),
    on=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    contact=contacts,
    family=st.lists(contacts, max_size=2).map(tuple),
    by_role=st.dictionaries(st.sampled_from(["father", "payer"]), contacts, max_size=2),
    groups=st.dictionaries(st.sampled_from(["a", "b"]), st.lists(contacts, max_size=2).map(tuple), max_size=1),
    queue=st.lists(contacts, max_size=2),
    nested=st.none(),
    remark=st.sampled_from(["", "late", "13 pieces"]),
)
cases = flat | st.builds(lambda case, inner: attrs.evolve(case, nested=inner), flat, flat)


def persons(value: object) -> Iterable[Contact]:
    """Every contact in a value, found by walking it."""
    if isinstance(value, Contact):
        yield value
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):  # type: ignore[arg-type]
            yield from persons(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from persons(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from persons(item)


def leaves(value: object, found: list[object] | None = None) -> list[object]:
    found = [] if found is None else found
    if isinstance(value, Mapping):
        for key, item in value.items():
            leaves(key, found)
            leaves(item, found)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            leaves(item, found)
    else:
        found.append(value)
    return found


def without_marks(value: Any) -> Any:
    """A copy as plain data with every marked field left out: what must stay equal."""
    if attrs.has(type(value)):
        return {
            field.name: without_marks(getattr(value, field.name))
            for field in attrs.fields(type(value))
            if field.name not in marks(type(value))
        }
    if isinstance(value, Mapping):
        return {key: without_marks(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_marks(item) for item in value]
    return value


@given(cases)
def test_no_repr_and_no_masked_value_shows_what_is_personal(case: Case) -> None:
    shown = repr(case) + str(case) + f"{case}"
    plain = masked(case)
    everything = shown + repr(plain)
    for person in persons(case):
        for secret in (person.number, person.address, person._secret, *person.history, *person.notes, *person.tags):
            assert secret not in everything
            assert secret[2:-2] not in everything
        for secret in (*person.more, *person.more.values(), person.name[1:], person.phone[:-4]):
            assert secret not in everything
        if person.email:
            assert person.email.partition("@")[0] not in everything
        if person.born:
            assert person.born.isoformat() not in repr(plain["contact"]) + repr(case.contact)
            assert repr(person.born) not in repr(case.contact)


@given(cases)
def test_masking_leaves_everything_that_is_not_marked(case: Case) -> None:
    def compare(plain: Any, value: Any) -> None:
        if attrs.has(type(value)):
            assert set(plain) == {field.name for field in attrs.fields(type(value))}
            for field in attrs.fields(type(value)):
                if field.name not in marks(type(value)):
                    compare(plain[field.name], getattr(value, field.name))
        elif isinstance(value, Mapping):
            assert set(plain) == set(value)
            for key in value:
                compare(plain[key], value[key])
        elif isinstance(value, list | tuple):
            for one, other in zip(plain, value, strict=True):
                compare(one, other)
        else:
            assert plain == value

    compare(masked(case), case)
    compare(exported(case), case)


@given(cases)
def test_an_export_has_every_personal_value_in_clear(case: Case) -> None:
    there = leaves(exported(case))
    for person in persons(case):
        for value in (
            person.name,
            person.phone,
            person.email,
            person.born,
            person._secret,
            *person.history,
            *person.tags,
        ):
            assert value in there
        for key, value in person.more.items():
            assert key in there
            assert value in there


@given(cases)
def test_erasing_leaves_nothing_of_anyone_and_everything_else_as_it_was(case: Case) -> None:
    before = repr(exported(case))
    empty = erased(case)
    assert type(empty) is Case
    for person in persons(empty):
        for name in marks(Contact):
            assert not getattr(person, name), name
    assert "ÄÖ" not in repr(exported(empty))
    assert without_marks(empty) == without_marks(case)
    assert len(list(persons(empty))) == len(list(persons(case)))
    assert repr(exported(case)) == before  # the original is not touched
    assert erased(empty) == empty


@attrs.frozen
class Note:
    """What cannot be empty: something stands in for it."""

    by: str
    text: str = personal(PersonalKind.OTHER, erased="-", validator=attrs.validators.min_len(1))
    pages: int = personal(PersonalKind.OTHER, erased=1, default=1)
    also: str = personal(PersonalKind.OTHER, default="")


@attrs.frozen
class File:
    title: Note
    notes: tuple[Note, ...] = ()
    named: Mapping[str, Note] = attrs.field(factory=dict)


written = st.builds(Note, st.sampled_from(["ann", "bob"]), secret_texts, st.integers(1, 99), secret_texts)
files = st.builds(File, written, st.lists(written, max_size=3).map(tuple), st.dictionaries(st.just("x"), written))


@given(files)
def test_what_must_hold_something_holds_its_stand_in_once_erased_however_deep_it_stands(file: File) -> None:
    before = exported(file)
    empty = erased(file)
    notes = [(file.title, empty.title), *zip(file.notes, empty.notes, strict=True)]
    notes += [(file.named[name], empty.named[name]) for name in file.named]
    for was, now in notes:
        assert now == Note(was.by, "-", 1)
    assert len(notes) == 1 + len(file.notes) + len(file.named)
    assert "ÄÖ" not in repr(exported(empty))
    assert exported(file) == before
    assert erased(empty) == empty
    assert "-" not in repr(masked(file.title)["text"])


@given(
    st.sampled_from(PersonalKind), st.text(min_size=1, max_size=30) | st.integers() | st.dates() | st.lists(st.text())
)
def test_a_mask_leaves_at_most_what_its_kind_allows(kind: PersonalKind, value: object) -> None:
    text, shown = str(value), mask(kind, value)
    assert "•••" in shown
    left = shown.replace("•••", "", 1)
    most = {PersonalKind.PHONE: 4, PersonalKind.NAME: 1}.get(kind, 0)
    if kind is PersonalKind.EMAIL and "@" in text:
        assert left == "@" + text.rpartition("@")[2]
    else:
        assert len(left) <= most
        assert len(left) < len(text) or not left


def test_masks_leave_enough_to_recognise() -> None:
    assert mask(PersonalKind.PHONE, "13812345678") == "•••5678"
    assert mask(PersonalKind.PHONE, "1234567") == "•••"
    assert mask(PersonalKind.NAME, "王小明") == "王•••"
    assert mask(PersonalKind.NAME, "王") == "•••"
    assert mask(PersonalKind.EMAIL, "wang@example.com") == "•••@example.com"
    assert mask(PersonalKind.EMAIL, "a@b@example.com") == "•••@example.com"
    assert {mask(kind, empty) for kind in PersonalKind for empty in ("", None)} == {""}


def test_marks_are_found_also_where_they_are_inherited() -> None:
    @attrs.frozen
    class Patient(Contact):
        ward: str = ""
        blood: str = personal(PersonalKind.MEDICAL, default="", metadata={"column": 1}, kw_only=True)

    assert marks(Patient) == {**marks(Contact), "blood": PersonalKind.MEDICAL}
    assert "ward" not in marks(Patient)
    assert attrs.fields(Patient).blood.metadata["column"] == 1
    patient = Patient("p", name="王小明", ward="w1", blood="AB")
    assert "AB" not in repr(patient)
    assert erased(patient) == Patient("p", ward="w1")
