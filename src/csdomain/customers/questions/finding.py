"""The rows by which customers are found, and how they are asked for (CUS-04, CUS-13)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import attrs

from csdomain.customers.lifecycle import State
from csdomain.customers.model.customer import CUSTOMERS, ITSELF, MERGED_INTO, Customer
from csdomain.customers.ports import Fold
from csdomain.customers.values import CUSTOMER_ID, CustomerRules
from csdomain.kernel.rules.errors import InvalidValue, NotFound
from csdomain.kernel.store.kinds import Query, Tally, Where
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Mode, Register
from csdomain.kernel.values.arguments import MOST
from csdomain.kernel.values.personal import PersonalKind, personal

from .matching import Group, Score, alike, first, grams, plain, score, spellings, sure, terms, whole

Scope = tuple[Where[Any], ...]
#: So many candidates of each kind of field are read.
CANDIDATES: Final = 200
#: Names that are as like as this are one person's, where the birth is the same too.
LIKELY: Final = 0.92


@attrs.frozen(kw_only=True)
class CustomerTerm:
    """A term of one field of a customer, and in whose reach the customer is."""

    field: int
    term: str = personal(PersonalKind.OTHER)
    customer: str
    branch: str
    owner: str = attrs.field()
    doctor: str = attrs.field()
    manager: str = attrs.field()


TERMS: Final = Register(
    CustomerTerm, "customer_term", Mode.DISPOSABLE, ("field", "term", "customer"), indexes=(("customer",),)
)


@attrs.frozen
class Hit:
    """A customer that was found, and how well: see :class:`~csdomain.customers.questions.matching.Score`."""

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
    whose = {
        "customer": customer.id,
        "branch": customer.branch,
        "owner": customer.owner,
        "doctor": customer.profile.doctor,
        "manager": customer.profile.manager,
    }
    found = {(group, term) for group, text in searched(customer, rules) for term in terms(text, group, fold)}
    return [CustomerTerm(field=int(group), term=term, **whose) for group, term in found]


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
    asked: list[tuple[Group, frozenset[str]]] = [(Group.NAME, spellings(text, fold))]
    for group in Group:
        wanted = plain(text, fold, group)
        # A whole field has one term more than any other that holds every gram: it is among the first of its kind.
        asked.append((group, grams(wanted, group) | whole(wanted) | (first(wanted) if group is Group.NAME else set())))
    best: dict[str, Hit] = {}
    for found in _records(unit, (id for group, of in asked for id in _candidates(unit, of, group, scope))):
        fits, living = score(text, searched(found, rules), fold), root_of(unit, found)
        there = best.get(living.id)
        if fits is not None and reaches(living) and (there is None or fits > there.score):
            best[living.id] = Hit(living, fits)
    return sorted(best.values(), key=lambda hit: (-hit.score.fit, -hit.score.field, hit.customer.id))


def _candidates(unit: Unit, of: AbstractSet[str], group: Group, scope: Scope) -> Iterator[str]:
    if not of:
        return
    one, either = (scope, ()) if len(scope) < 2 else ((), scope)
    where = (TERMS["field"].is_(int(group)), TERMS["term"].among(sorted(of)), *one)
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


class RecordedCustomers:
    """Satisfies :class:`~csdomain.frame.customers.CustomerBook` by the records of customers.

    An id of another form is taken as it is: a house may have customers of another system that it has not recorded.
    """

    def require_living(self, unit: Unit, customer: str, /) -> None:
        """Raises Merged that names the record to use, RuleBroken where it is erased, NotFound and MalformedId for an id
        of ours that no record has. [CUS-13]"""
        if customer.startswith(f"{CUSTOMER_ID.prefix}_"):
            unit.of(CUSTOMERS).get(CUSTOMER_ID.check(customer)).require_living()

    def family(self, unit: Unit, customer: str, /) -> Sequence[str]:
        """Every record of the person, the living one first; the id alone where there is no such record. [CUS-13]"""
        try:
            return tuple(record.id for record in family(unit, CUSTOMER_ID.check(customer)))
        except (InvalidValue, NotFound):
            return (customer,)


def likely_duplicates(
    unit: Unit, customer: Customer, fold: Fold, rules: CustomerRules, scope: Scope, reaches: Callable[[Customer], bool]
) -> list[Customer]:
    """Records that may be the same person's: of the same phone, e-mail or card, or of nearly the same name and the same
    birth; none that is merged. [CUS-13]"""
    fields = list(searched(customer, rules))
    certain = {(group, term) for group, text in fields for term in sure(plain(text, fold, group), group)}
    names = [text for group, text in fields if group is Group.NAME]
    asked = {group: {term for kind, term in certain if kind is group} for group in (Group.PHONE, Group.CODE)}
    asked[Group.NAME] = {gram for name in names for gram in grams(plain(name, fold), Group.NAME)}
    ids = (id for group, of in asked.items() for id in _candidates(unit, of, group, scope))
    born, found = _born(customer), []
    for other in _records(unit, ids):
        theirs = list(searched(other, rules))
        same = any((group, term) in certain for group, text in theirs for term in sure(plain(text, fold, group), group))
        if not same and born and born == _born(other):
            same = alike(names, [text for group, text in theirs if group is Group.NAME], fold, LIKELY)
        if same and other.id != customer.id and other.state is not State.MERGED and reaches(other):
            found.append(other)
    return sorted(found, key=lambda other: other.id)


def _born(customer: Customer) -> str:
    return customer.profile.said("born")
