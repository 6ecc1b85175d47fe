"""A complaint: what it holds and what it answers. Its commands are in ``csdomain.complaints.commands``, by stage."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import attrs

from csdomain.casework.deliveries import pieces
from csdomain.casework.letters import Internal, Sought, as_figure, as_heading, as_name, as_words
from csdomain.casework.worklists import Wait
from csdomain.complaints.lifecycle import (
    CertificateState,
    ImprovementState,
    PenaltyState,
    RemarkState,
    SlipState,
    State,
)
from csdomain.complaints.policies import case_total
from csdomain.complaints.values import Channel, Clearance, ComplaintForm, ComplaintId, Finding, Path, Remedy
from csdomain.frame.cases import Record
from csdomain.kernel.papers.documents import Document
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.money import Money, total
from csdomain.kernel.values.personal import PersonalKind, personal

from .parts import (
    Certificate,
    HandlingForm,
    Improvement,
    Ledger,
    Memorandum,
    Note,
    Part,
    Penalty,
    Remark,
    ReturnSlip,
    Review,
    Submission,
)


# With a hook of its own attrs sets the fields in __init__ past the hook that freezes the id: each load is quicker.
@attrs.define(kw_only=True, on_setattr=attrs.setters.validate)
class Complaint(Record):
    """A complaint. ``rulebook`` is what it was opened under and keeps; ``owner`` is the actor who handles it.

    Times are UTC. ``forms`` are in the order in which they were opened; the last is the present one. ``level`` counts
    from 0 on the path ``levels``. ``handler`` is the person who was named to see to the customer, ``desk`` the
    position, until another is named (CMP-17). ``waits`` are those whom the case waits for; of ``handed`` hand-overs the
    first ``told`` were told of before the last command. ``waiting_since`` is when it began to wait for the customer.
    ``moved_at`` is when it last moved: nothing happens before that.
    """

    id: ComplaintId = attrs.field(on_setattr=attrs.setters.frozen)
    currency: str
    path: Path
    customer: str
    forms: tuple[HandlingForm, ...]
    received_at: datetime
    state: State = State.RECEIVED
    grave: bool = False
    harm: bool = False
    level: int = 0
    redone: int = 0
    handler: ActorId | None = None
    desk: str = ""
    priority: str = ""
    urgency: int = 0
    waits: tuple[Wait, ...] = ()
    handed: int = 0
    told: int = 0
    waiting_since: datetime | None = None
    notes: tuple[Note, ...] = ()
    promises: int = 0
    promised_until: datetime | None = None
    parts: tuple[Part, ...] = ()
    memoranda: tuple[Memorandum, ...] = ()
    slips: tuple[ReturnSlip, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    improvements: tuple[Improvement, ...] = ()
    remarks: tuple[Remark, ...] = ()
    cleared: tuple[Clearance, ...] = ()
    review: Review | None = None
    reviewed: bool = False
    closed_at: datetime | None = None
    closed_month: str = ""
    in_time: bool | None = None
    outcome: str = personal(PersonalKind.OTHER, default="")

    # --- what it is
    @property
    def form(self) -> HandlingForm:
        """The present form."""
        return self.forms[-1]

    @property
    def number(self) -> str:
        """The number of the case: that of its first form."""
        return self.forms[0].number

    @property
    def turn(self) -> int:
        """How many forms there have been."""
        return len(self.forms)

    @property
    def round(self) -> int:
        """How many times the case has been looked into: once a form, and once more where a superior has it so."""
        return self.turn + sum(memo.reopened for memo in self.memoranda)

    @property
    def looks(self) -> int:
        """The rounds, and how many times one was done over: a clock of each has a name of its own."""
        return self.round + self.redone

    @property
    def total(self) -> Money:
        """What the case comes to: all its forms, each with the remedy that stands or is asked for. [CMP-11]"""
        return self.total_with(None)

    def total_with(self, remedy: Remedy | None) -> Money:
        """What the case would come to with ``remedy`` on the present form. [CMP-11]"""
        return case_total(self._amounts(remedy), self.currency)

    def _amounts(self, remedy: Remedy | None) -> Iterator[tuple[ComplaintForm, Remedy | None]]:
        for form in self.forms[:-1]:
            yield form.content, None if form.approved is None else form.approved.remedy
        last = self.form.submission
        present = remedy or (None if last is None or last.returned is not None else last.remedy)
        yield self.form.content, present

    @property
    def finding(self) -> Finding | None:
        """R&D's last finding: the present form's, else that of the form it attaches. [CMP-27]"""
        return next((form.finding for form in reversed(self.forms) if form.finding is not None), None)

    @property
    def lacks_letter(self) -> bool:
        """Whether it is grave, and its customer has got no letter of the present form. [CMP-16]"""
        answer = self.form.answer
        return self.grave and (answer is None or answer.channel is not Channel.LETTER)

    @property
    def signed(self) -> tuple[str, ...]:
        """The roles that have signed the present form."""
        return tuple(signature.role for signature in self.form.document.signatures)

    @staticmethod
    def nth(name: str, there: Collection[str]) -> str:
        """``name``, or with the number of its turn where it stands on the form already."""
        count = 1 + sum(other == name or other.startswith(f"{name}.") for other in there)
        return name if count == 1 else f"{name}.{count}"

    @property
    def internal(self) -> tuple[Internal, ...]:
        """What stands on the forms and is nobody's business outside. [CMP-13]"""
        return tuple(Internal(name, written, known) for known, name, written in self._internal() if written)

    def _internal(self) -> Iterator[tuple[Sought, str, str]]:
        for form in self.forms:
            yield as_heading, "form", f"{form.document.kind} {form.document.number}"  # as it is printed
            opinions = [("opinion", form.checked), ("report", form.report), ("ruling", form.ruling)]
            opinions += [("dismissal", form.dismissal), *(("past", opinion) for opinion in form.past_opinions)]
            for submission in form.submissions:
                opinions += [("recommendation", opinion) for opinion in submission.recommendations]
                if submission.approval is None:  # else it was the customer's word, or another remedy took its place
                    opinions += [("returned", submission.returned)]
                else:
                    yield as_words, "approval", submission.approval.reason
            yield from ((as_words, name, opinion.text) for name, opinion in opinions if opinion is not None)
            for finding in (*form.past_findings, *([] if form.finding is None else [form.finding])):
                yield as_words, "finding", finding.text
                yield as_words, "countermeasures", finding.countermeasures
                yield from ((as_name, "person", person) for person in finding.persons)
            for judgement in (*form.past_judgements, *([] if form.judgement is None else [form.judgement])):
                yield as_words, "disposal", judgement.disposal
                yield as_name, "company", judgement.company
                units = (judgement.unit, *(share.unit for share in judgement.shares))
                yield from ((as_name, "unit", unit) for unit in units)
                yield from ((as_name, "person", person) for person in judgement.persons)
                sums = (
                    judgement.lost(self.currency),
                    *judgement.loss.values(),
                    *judgement.borne(self.currency).values(),
                )
                yield from ((as_figure, "loss", figure) for figure in self._untold(*sums))
        for penalty in self.penalties:
            yield as_name, "penalty", penalty.on
            yield as_name, "penalty", penalty.discipline
            yield from ((as_figure, "penalty", figure) for figure in self._untold(penalty.amount))
        for memo in self.memoranda:
            yield as_words, "memorandum", memo.text
            yield as_words, "memorandum", "" if memo.ruling is None else memo.ruling.text
        yield from ((as_words, "part", part.done.text) for part in self.parts if part.done is not None)
        yield from ((as_words, "remark", remark.answer.text) for remark in self.remarks if remark.answer is not None)

    @property
    def heard(self) -> str:
        """What the customer said, or is told anyway: it may be said back. [CMP-13]"""
        said = [text for form in self.forms for text in (form.content.demand, form.content.reason)]
        causes = [form.classification.cause for form in self.forms if form.classification is not None]
        return "\n".join([*said, *causes, *(remark.text for remark in self.remarks)])

    def _untold(self, *amounts: Money | None) -> Iterator[str]:
        """Internal amounts, unless they are what the customer gets."""
        remedies = [s.remedy for form in self.forms for s in form.submissions if s.approval is not None]
        told = [sum_ for remedy in remedies for sum_ in (remedy.granted, remedy.compensation)]
        yield from (str(amount.amount) for amount in amounts if amount and amount not in told)

    @property
    def papers(self) -> tuple[Document, ...]:
        """Every paper of the case. [KRN-09]"""
        return (
            *(form.document for form in self.forms),
            *(memorandum.document for memorandum in self.memoranda),
            *(slip.document for slip in self.slips),
            *(certificate.document for certificate in self.certificates),
            *(penalty.notice for penalty in self.penalties if penalty.notice is not None),
        )

    def open_ends(self) -> tuple[str, ...]:
        """What still has to come to its end before the case is settled, by name. [CMP-25]"""
        ends = [f"slip {s.number}" for s in self.slips if s.state not in (SlipState.BOOKED, SlipState.CANCELLED)]
        over = (CertificateState.BOOKED, CertificateState.VOIDED)
        ends += [f"certificate {c.number}" for c in self.certificates if c.state not in over]
        done = (PenaltyState.CARRIED_OUT, PenaltyState.DROPPED)
        ends += [f"penalty {n}" for n, penalty in enumerate(self.penalties, 1) if penalty.state not in done]
        ends += [
            f"improvement {n}"
            for n, improvement in enumerate(self.improvements, 1)
            if improvement.state not in (ImprovementState.VERIFIED, ImprovementState.DROPPED)
        ]
        ends += [f"remark {n}" for n, remark in enumerate(self.remarks, 1) if remark.state is RemarkState.OPEN]
        return (*ends, *self.undrawn(), *(() if self.reviewed else ("review",)))

    def undrawn(self) -> tuple[str, ...]:
        """What stands granted without a paper that carries it out, by name. [CMP-21, CMP-22]"""
        standing = self.standing
        if not standing and not self.certificates:
            return ()
        ends = ["return" for turn, remedy in standing.items() if remedy.pieces and not self.slips_of(turn)]
        ends += ["compensation"] if any(account.left for account in self.accounts.values()) else []
        return tuple(ends)

    # --- what stands granted, and what became of it on paper
    @property
    def standing(self) -> dict[int, Remedy]:
        """The remedies that stand, by the count of their form: approved, and not turned down or withdrawn since."""
        forms = self.forms[:-1] if self.state is State.WITHDRAWN else self.forms
        return {
            turn: form.approved.remedy
            for turn, form in enumerate(forms, 1)
            if form.approved is not None and form.declined is None
        }

    def carries_out(self, paper: ReturnSlip | Certificate) -> bool:
        """Whether the remedy stands that a paper was drawn up for. [CMP-21, CMP-22]"""
        return paper.turn in self.standing and paper.submission in (0, len(self.forms[paper.turn - 1].submissions))

    def slips_of(self, turn: int) -> list[ReturnSlip]:
        """The slips that carry out the remedy of a form."""
        return [slip for slip in self.slips if slip.turn == turn and self.carries_out(slip)]

    @property
    def accounts(self) -> dict[int, Ledger]:
        """The money of the case by form; of a form that was not accepted, with the one that followed it. [CMP-21]

        What was paid on a form that was turned down counts against what its successor grants.
        """
        found, first = {}, 1
        for turn, form in enumerate(self.forms, 1):
            if form.declined is None or turn == self.turn:
                found[turn] = self._account(range(first, turn + 1))
                first = turn + 1
        return found

    def _account(self, turns: range) -> Ledger:
        papers = [certificate for certificate in self.certificates if certificate.turn in turns]
        booked = self._sum(paper for paper in papers if paper.state is CertificateState.BOOKED)
        backed = [paper for paper in papers if self.carries_out(paper)]
        over = (CertificateState.BOOKED, CertificateState.VOIDED)
        last = self.standing.get(turns[-1])
        return Ledger(
            granted=booked if last is None or last.compensation is None else max(booked, last.compensation),
            drawn_up=self._sum(paper for paper in backed if paper.state not in over),
            booked=booked,
            waived=self._sum(paper for paper in backed if paper.waived),
        )

    def _sum(self, certificates: Iterable[Certificate]) -> Money:
        return total([certificate.amount for certificate in certificates], self.currency)

    @property
    def granted(self) -> Money | None:
        """All that was granted: compensation, and what else a remedy comes to that stands or was carried out."""
        booked = [slip for slip in self.slips if slip.state is SlipState.BOOKED]
        went = {(slip.turn, slip.submission or len(self.forms[slip.turn - 1].submissions)) for slip in booked}
        sums = [account.granted for account in self.accounts.values()]
        for turn, form in enumerate(self.forms, 1):
            for count, submission in enumerate(form.submissions, 1):
                stands = turn in self.standing and count == len(form.submissions)
                if stands or (submission.approval is not None and (turn, count) in went):
                    remedy = submission.remedy
                    sums.append(remedy.granted - (remedy.compensation or Money.zero(self.currency)))
        money = total(sums, self.currency)
        return money if money or self.standing else None

    @property
    def discrepancies(self) -> int:
        """How many slips finance found at odds with what was approved, until that is resolved. [CMP-24]"""
        return sum(
            slip.state is SlipState.DISPUTED
            or (slip.state is SlipState.TAKEN_IN and slip.disputed and pieces(slip.returned) != slip.approved)
            for slip in self.slips
        )

    @property
    def open_remarks(self) -> int:
        """How many remarks no department has dealt with yet. [CMP-29]"""
        return sum(remark.state is RemarkState.OPEN for remark in self.remarks)

    # --- what commands change together
    def put_form(self, **changes: Any) -> None:
        """The present form with changes."""
        self.forms = (*self.forms[:-1], attrs.evolve(self.form, **changes))

    def put_submission(self, **changes: Any) -> Submission:
        """The present form's last submission with changes."""
        changed = attrs.evolve(self.form.submissions[-1], **changes)
        self.put_form(submissions=(*self.form.submissions[:-1], changed))
        return changed
