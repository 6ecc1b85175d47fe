"""The rows by which customers are found, and how they are asked for (CUS-04, CUS-13)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from fractions import Fraction
from functools import cache, partial
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

from .matching import (
    ENOUGH,
    GRAM,
    LONGEST,
    RESEMBLING,
    Group,
    Score,
    Wanted,
    alike,
    begins,
    grams,
    plain,
    score,
    spellings,
    sure,
    terms,
)

Scope = tuple[Where[Any], ...]
#: So many candidates are read for each way in which a field may fit.
CANDIDATES: Final = 200
#: Greater than any other character.
_LAST: Final = chr(0x10FFFF)
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


def searched(customer: Customer, rules: CustomerRules) -> Iterable[tuple[Group, str]]:
    """The fields that a customer is found by, but for those that say nothing."""
    return ((group, said) for group, said in _fields(customer, rules) if said)


def _fields(customer: Customer, rules: CustomerRules) -> Iterator[tuple[Group, str]]:
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
    unit: Unit,
    text: str,
    fold: Fold,
    rules: CustomerRules,
    scope: Scope,
    reaches: Callable[[Customer], bool],
    limit: int,
) -> list[Hit]:
    """The ``limit`` customers in ``scope`` that ``text`` finds best, the best first. A merged record finds the one it
    points to, where that one is in reach too. [CUS-04]"""
    best: dict[str, Hit] = {}
    wanted = Wanted.of(text, fold)
    read = set[str]()
    for fit, group, ask in _asked(_Terms(unit, scope), wanted, fold):
        left: list[str] | None = None
        # Until enough are found that fit as well as those who come now could.
        while sum(hit.score >= Score(Fraction(fit), -group) for hit in best.values()) < limit:
            left = [id for id in (ask() if left is None else left) if id not in read]
            if not left:
                break
            some = left[:limit]
            read.update(some)
            for found in _records(unit, some):
                fits, living = score(wanted, searched(found, rules), fold), root_of(unit, found)
                there = best.get(living.id)
                if fits is not None and reaches(living) and (there is None or fits > there.score):
                    best[living.id] = Hit(living, fits)
    return sorted(best.values(), key=lambda hit: (-hit.score.fit, -hit.score.field, hit.customer.id))[:limit]


@attrs.frozen
class _Terms:
    """The terms of the customers in a scope."""

    unit: Unit
    scope: Scope

    @property
    def ways(self) -> Sequence[Scope]:
        """The conditions of which one holds of a customer in reach."""
        return [(each,) for each in self.scope] or [()]

    def of(self, group: Group, *where: Where[Any]) -> list[str]:
        """The customers with a term in a kind of field, of the first so many terms; by their ids."""
        return sorted({row.customer for row in self._rows(TERMS["field"].is_(int(group)), *where)})

    def whole(self, of: Sequence[str]) -> dict[Group, list[str]]:
        """The customers with one of some terms, by the kind of field, then by their ids."""
        rows = self._rows(TERMS["field"].among([int(group) for group in Group]), TERMS["term"].among(of))
        return {group: sorted({row.customer for row in rows if row.field == group}) for group in Group}

    def _rows(self, *where: Where[Any]) -> list[CustomerTerm]:
        # For each way to have somebody in reach a question of its own: an OR would be answered row by row.
        pages = (self.unit.register(TERMS).rows(*where, *way, limit=CANDIDATES) for way in self.ways)
        return [row for page in pages for row in page.items]

    def having(self, group: Group, of: AbstractSet[str], among: Sequence[str]) -> list[str]:
        """Those of some customers that have each of some terms; by their ids."""
        found = list(among)
        for term in sorted(of):
            if found:
                found = self.of(group, TERMS["term"].is_(term), TERMS["customer"].among(found))
        return found

    def counted(self, group: Group, of: AbstractSet[str]) -> dict[str, int]:
        """The customers that have the most of some terms, and how many; by that, and by their ids."""
        asked = (TERMS["field"].is_(int(group)), TERMS["term"].among(sorted(of)))
        most: dict[str, int] = {}
        for way in self.ways:
            tally: Tally[Any] = Tally((*asked, *way), group_by=("customer",), top=("count", CANDIDATES))
            for row in self.unit.register(TERMS).sums(tally) if of else ():
                most[str(row.group[0])] = max(row.count, most.get(str(row.group[0]), 0))
        return dict(sorted(most.items(), key=lambda one: (-one[1], one[0])))


#: How well those who may be meant fit at the most, in which kind of field, and how to ask who it is.
_Ask = tuple[Fraction | int, Group, Callable[[], Iterable[str]]]


def _asked(found: _Terms, asked: Wanted, fold: Fold) -> Iterator[_Ask]:
    """How to ask who may be meant, those who may fit best first."""
    wanted = {group: said[:LONGEST] for group, said in asked.plain.items()}
    there = cache(lambda: found.whole(sorted({begins(said) for said in wanted.values() if said})))
    for group in Group:
        yield 4, group, partial(lambda group: there()[group], group)
        if group is Group.NAME:
            yield 4, group, lambda: found.counted(Group.NAME, spellings(asked.text, fold))
    long = [group for group, said in wanted.items() if len(said) >= GRAM[group]]

    @cache
    def holding(group: Group) -> list[str]:
        """Of those that hold it, or a piece of it, as many as are read."""
        one = TERMS["term"].is_(min(asked.pieces[group])) if group in RESEMBLING else None
        return found.of(group, *_from(wanted[group]) if one is None else (one,))

    def beginning(group: Group) -> list[str]:
        # Of the phones those that end so are the first that hold it.
        if group in long and (group is Group.PHONE or not holding(group)):
            return holding(group)
        return found.of(group, *_from(begins(wanted[group])))

    for group in [Group.NAME] if len(wanted[Group.NAME]) == 1 else long:
        yield 3, group, partial(beginning, group)
    for group in long:
        pieces = asked.pieces[group] if group in RESEMBLING else frozenset()
        others = pieces - {min(pieces, default="")}
        yield 2, group, partial(lambda group, others: found.having(group, others, holding(group)), group, others)
    for group in RESEMBLING:
        if len(asked.pieces[group]) > 1:
            yield from _resembling(found, group, asked.pieces[group])


def _resembling(found: _Terms, group: Group, pieces: AbstractSet[str]) -> Iterator[_Ask]:
    """Those that have all pieces of what is asked for, then those that have fewer."""
    counted = cache(lambda: found.counted(group, pieces))

    def having(least: int) -> list[str]:
        return [id for id, count in counted().items() if count >= least]

    for least in range(len(pieces), 0, -1):
        share = Fraction(least, len(pieces))
        if share >= ENOUGH:
            yield (2 if share == 1 else share), group, partial(having, least)


def _from(said: str) -> tuple[Where[Any], Where[Any]]:
    return TERMS["term"].at_least(said), TERMS["term"].below(said + _LAST)


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
    found_by = _Terms(unit, scope)
    ids = (id for group, of in asked.items() for id in found_by.counted(group, of))
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
