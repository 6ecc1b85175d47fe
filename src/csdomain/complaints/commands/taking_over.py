"""Cases of another system taken over as they stand, without messages (CMP-25)."""

from datetime import datetime
from typing import Final

import attrs

from csdomain.casework.months import month_of
from csdomain.complaints import events as e
from csdomain.complaints import values as v
from csdomain.complaints.case import Complaint, HandlingForm
from csdomain.complaints.case.papers import TAKEN_OVER, drawn_up
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import STATES
from csdomain.frame.acts import Events
from csdomain.frame.fields import ID_LONGEST, SHORT, one_of
from csdomain.kernel.cases.events import utc
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import require
from csdomain.kernel.values.actors import Action
from csdomain.kernel.values.arguments import checked

from .marks import ComplaintAct, does, named, settled
from .settling import OUTCOME

#: States in which a case can be taken over: nothing that our rules would have wanted on paper is claimed of it.
_BEFORE_ACCEPTANCE: Final = (State.RECEIVED, State.CHECKED)
_BY_AMOUNT: Final = (*_BEFORE_ACCEPTANCE, State.ACCEPTED, State.INVESTIGATING, State.CLOSED, State.SETTLED)
_BY_LEVEL: Final = (State.RECEIVED, State.HANDLING, State.CLOSED, State.SETTLED)
IMPORTABLE: Final = {v.Path.DEPARTMENTS: _BY_AMOUNT, v.Path.LEVELS: _BY_LEVEL}


@attrs.frozen(kw_only=True, field_transformer=checked(v.MalformedStep))
class PastCase:
    """A case as it stood in another system: its form and number, the state it was in, and when it came there.

    Times are aware instants. ``accepted_at`` belongs to every state after acceptance, ``closed_at`` and ``outcome`` to
    a closed one; ``in_time`` says whether it was closed by its deadline, None where nobody knows. One that is closed
    waits for the monthly review, where the house has one; one of which nothing is open is taken over as settled.
    """

    number: str = attrs.field(validator=v.IN_STEP.text(SHORT))
    form: v.ComplaintForm
    state: State
    received_at: datetime
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    classification: v.Classification | None = None
    outcome: str = attrs.field(default="", validator=v.IN_STEP.text(OUTCOME, empty=True))
    in_time: bool | None = None
    grave: bool = False
    harm: bool = False
    owner: str = attrs.field(default="", validator=v.IN_STEP.text(ID_LONGEST, empty=True))


@does.takes_over(Action("complaints.import"))
def take_over(act: ComplaintAct, past: PastCase) -> tuple[Complaint, Events]:
    # What our rules want on the way there is not made up: the case goes on from its state.
    rules = act.rules
    rules.check(past.form, act.currency)
    states = IMPORTABLE[rules.path]
    require(past.state in states, STATES, accepted=one_of(state.value for state in states), state=past.state)
    received, closed, accepted = utc(past.received_at), _time(past.closed_at), _time(past.accepted_at)
    ended = past.state in (State.CLOSED, State.SETTLED)
    taken_on = past.state not in _BEFORE_ACCEPTANCE
    order = [time for time in (received, accepted, closed, act.at) if time is not None]
    fits = (accepted is not None) is taken_on and (closed is not None) is ended and order == sorted(order)
    accepted_times = Text(
        "received ≤ accepted ≤ closed ≤ now, those that the state has", "收到 ≤ 受理 ≤ 结案 ≤ 现在，与状态相符"
    )
    require(fits, STATES, accepted=accepted_times, state=past.state)
    classed = past.classification is not None
    require(
        classed is taken_on, STATES, accepted=Text("a class once it is accepted", "受理后须有类别"), state=past.state
    )
    require(bool(past.outcome) is ended, STATES, accepted=Text("an outcome once it is closed", "结案后须有处理结果"))
    quality = past.classification is not None and rules.classified(past.classification).quality
    id, salt = act.new(v.COMPLAINT), act.new(v.SALT)
    number = act.import_number(past.number, rules.number, id)
    paper = drawn_up(number, past.form, rules, salt=salt, by=act.by, at=act.at)
    if past.state is not State.RECEIVED:
        paper = paper.continued(**{TAKEN_OVER: past.state.value}).sign(TAKEN_OVER, by=act.by.id, at=act.at)
    form = HandlingForm(
        number=number,
        content=past.form,
        document=paper,
        salt=salt,
        opened_at=received,
        accepted_at=accepted,
        classification=past.classification,
        quality=quality,
    )
    case = Complaint(
        id=id,
        branch=act.by.branch,
        owner=named(past.owner) if past.owner else act.by.id,
        rulebook=act.rulebook,
        currency=act.currency,
        path=rules.path,
        customer=past.form.customer,
        forms=(form,),
        received_at=received,
        moved_at=act.at,
        state=past.state,
        grave=past.grave or past.harm,
        harm=past.harm,
        reviewed=past.state is State.SETTLED or rules.review_by is None,
        closed_at=closed,
        closed_month="" if closed is None else month_of(closed, act.place.zone),
        in_time=past.in_time if ended else None,
        outcome=past.outcome,
    )
    taken_over = act.took_over(case, e.ComplaintImported())
    events = (*taken_over, *settled(case, act))  # a closed case that nothing is open of is settled
    case.told = case.handed  # nobody is told of a case that is taken over
    return case, events


def _time(at: datetime | None) -> datetime | None:
    return None if at is None else utc(at)
