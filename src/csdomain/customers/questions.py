"""The rows by which customers are found, and how they are asked for (CUS-04, CUS-13)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import attrs

from csdomain.kernel.store.kinds import Query, Tally, Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Mode, Register
from csdomain.kernel.values.arguments import MOST
from csdomain.kernel.values.personal import PersonalKind, personal

from .lifecycle import State
from .model import CUSTOMERS, ITSELF, MERGED_INTO, Customer
from .policies import FIRST, WHOLE, Group, Score, alike, grams, plain, score, spellings, terms
from .ports import Fold
from .values import CustomerRules

Scope = tuple[Where[Any], ...]
_SURE: Final = (Group.PHONE, Group.CODE)
#: So many candidates of each kind of field are read.
CANDIDATES: Final = 200
#: Names that are as like as this are one person's, where the birth is the same too.
LIKELY: Final = 0.92


@attrs.frozen
class CustomerTerm:
    """A term of one field of a customer, and in whose reach the customer is."""

    field: int
    term: str = personal(PersonalKind.OTHER)
    customer: str = attrs.field()
    branch: str = attrs.field()
    owner: str = attrs.field()
    doctor: str = attrs.field()
    manager: str = attrs.field()


TERMS: Final = Register(
    CustomerTerm, "customer_term", Mode.DISPOSABLE, ("field", "term", "customer"), indexes=(("customer",),)
)


@attrs.frozen
class Hit:
    """A customer that was found, and how well: see :class:`~csdomain.customers.policies.Score`."""

    customer: Customer
    score: Score


def searched(customer: Customer, rules: CustomerRules) -> Iterator[tuple[Group, str]]:
    """The fields that a customer is found by."""
    profile = customer.profile
    for name in (profile.name, profile.company, *profile.contact_persons):
        yield Group.NAME, name
    for phone in profile.phones:
        yield Group.PHONE, phone
    for code in (*profile.emails, profile.card, customer.number):
        yield Group.CODE, code
    extra = (profile.extra.get(name, "") for name, field in rules.extra.items() if field.searchable)
    for text in (*profile.addresses, profile.remark, *extra):
        yield Group.TEXT, text


def rows_of(customer: Customer, rules: CustomerRules, fold: Fold) -> list[CustomerTerm]:
    """The rows of a customer; none of one that is erased, or is to be."""
    if customer.erased_at is not None or customer.restricted:
        return []
    whose = customer.branch, customer.owner, customer.profile.doctor, customer.profile.manager
    found = {(group, term) for group, text in searched(customer, rules) for term in terms(text, group, fold)}
    return [CustomerTerm(int(group), term, customer.id, *whose) for group, term in sorted(found)]


def put_terms(unit: Unit, customer: Customer, rules: CustomerRules, fold: Fold, *, new: bool) -> None:
    """Write the rows of a customer as the record is now."""
    rows = unit.register(TERMS)
    if not new:
        rows.drop(TERMS["customer"].is_(customer.id))
    made = rows_of(customer, rules, fold)
    if made:
        rows.put(made)


def search(
    unit: Unit, text: str, fold: Fold, rules: CustomerRules, scope: Scope, reaches: Callable[[Customer], bool]
) -> list[Hit]:
    """The customers in ``scope`` that ``text`` finds, the best first. A merged record finds the one it points to, where
    that one is in reach too. [CUS-04]"""
    wanted = {group: plain(text, fold, group) for group in Group}
    asked: list[tuple[Group | None, Iterable[str]]] = [(None, {WHOLE + each for each in wanted.values() if each})]
    asked += [(group, grams(wanted[group], group)) for group in Group]
    first = {FIRST + wanted[Group.NAME]} if len(wanted[Group.NAME]) == 1 else set()
    asked.append((Group.NAME, first | spellings(text, fold)))
    best: dict[str, Hit] = {}
    for found in _records(unit, (id for group, of in asked for id in _candidates(unit, of, group, scope))):
        fits, living = score(text, searched(found, rules), fold), root_of(unit, found)
        there = best.get(living.id)
        if fits is not None and reaches(living) and (there is None or fits > there.score):
            best[living.id] = Hit(living, fits)
    return sorted(best.values(), key=lambda hit: (-hit.score.fit, -hit.score.field, hit.customer.id))


def _candidates(unit: Unit, of: Iterable[str], group: Group | None, scope: Scope) -> Iterator[str]:
    among = tuple(sorted(of))
    if not among:
        return
    field = () if group is None else (TERMS["field"].is_(int(group)),)
    one, either = (scope, ()) if len(scope) < 2 else ((), scope)
    where = (TERMS["term"].among(among), *field, *one)
    tally: Tally[Any] = Tally(where, group_by=("customer",), top=("count", CANDIDATES), either=either)
    for row in unit.register(TERMS).sums(tally):
        yield str(row.group[0])


def _records(unit: Unit, ids: Iterable[str]) -> tuple[Customer, ...]:
    among = tuple(dict.fromkeys(ids))
    if not among:
        return ()
    return tuple(
        customer
        for start in range(0, len(among), MOST)
        for customer in unit.of(CUSTOMERS).find(Query((ITSELF.among(among[start : start + MOST]),), limit=MOST)).items
    )


def root_of(unit: Unit, customer: Customer) -> Customer:
    """The record that a merged one leads to; itself where it is not merged. [CUS-13]"""
    while customer.state is State.MERGED:
        customer = unit.of(CUSTOMERS).get(customer.merged_into)
    return customer


def family(unit: Unit, id: str) -> tuple[Customer, ...]:
    """Every record of the person whose record ``id`` is, the one that the others lead to first. [CUS-13]"""
    found = [root_of(unit, unit.of(CUSTOMERS).get(id))]
    last: tuple[str, ...] = (found[0].id,)
    while last:
        page = unit.of(CUSTOMERS).find(Query((MERGED_INTO.among(last),), limit=MOST))
        found += page.items
        last = tuple(customer.id for customer in page.items)
    return tuple(found)


def likely_duplicates(
    unit: Unit, customer: Customer, fold: Fold, rules: CustomerRules, scope: Scope, reaches: Callable[[Customer], bool]
) -> list[Customer]:
    """Records that may be the same person's: of the same phone, e-mail or card, or of nearly the same name and the same
    birth; none that is merged. [CUS-13]"""
    fields = list(searched(customer, rules))
    sure = {term for group, text in fields if group in _SURE if (term := WHOLE + plain(text, fold, group)) != WHOLE}
    names = [text for group, text in fields if group is Group.NAME]
    pieces = {gram for name in names for gram in grams(plain(name, fold), Group.NAME)}
    ids = (*_candidates(unit, sure, None, scope), *_candidates(unit, pieces, Group.NAME, scope))
    born, found = _born(customer), []
    for other in _records(unit, ids):
        theirs = list(searched(other, rules))
        same = any(WHOLE + plain(text, fold, group) in sure for group, text in theirs if group in _SURE)
        if not same and born and born == _born(other):
            same = alike(names, [text for group, text in theirs if group is Group.NAME], fold, LIKELY)
        if same and other.id != customer.id and other.state is not State.MERGED and reaches(other):
            found.append(other)
    return sorted(found, key=lambda other: other.id)


def _born(customer: Customer) -> str:
    return customer.profile.said("born")
