"""The papers of a case: the handling form as drawn up, and that amounts are those signed (CMP-01, CMP-11, KRN-09)."""

from datetime import datetime
from typing import Any, Final

from csdomain.complaints.values import ComplaintForm, ComplaintRules, Path, Remedy
from csdomain.kernel.papers.documents import Document, Tampered, Value, draw_up
from csdomain.kernel.values.actors import Actor

from .complaint import Complaint
from .parts import HandlingForm, Submission

FORM_KIND: Final = "complaint_form"
#: Who took a case over from another system signs for what was done there.
TAKEN_OVER: Final = "taken_over"
#: The entries of a form that amounts are decided by.
_FIGURES: Final = frozenset(
    {"claimed", *(f"{word}{what}" for word in ("proposed", "approved") for what in ("", "_compensation", "_return"))}
)


def entries(word: str, count: int, remedy: Remedy) -> dict[str, Value]:
    """A remedy's figures as they stand on the form: what is granted, paid, and comes back."""
    paid = remedy.compensation
    return {
        f"{word}.{count}": str(remedy.granted),
        f"{word}_compensation.{count}": None if paid is None else str(paid),
        f"{word}_return.{count}": remedy.pieces,
    }


def basis(case: Complaint, form: HandlingForm, submission: Submission, *, grave: bool) -> dict[str, Any]:
    """What a remedy is decided on besides the figures on the form: who asks, for which goods, and what was judged.

    What people wrote is not in it, so that it can be erased.
    """
    judged, remedy = form.judgement, submission.remedy
    found = None if form.finding is None else form.finding.confirmed
    return {
        "case": [case.id, case.customer, case.currency, case.path.value, grave],
        "asked": [submission.by, submission.at, remedy.returns],
        "class": [form.classification, form.quality, found],
        "judged": None
        if judged is None
        else [judged.liable, judged.unit, judged.persons, judged.tracked, judged.loss, judged.shares, judged.penalties],
    }


def require_as_signed(case: Complaint) -> None:
    """Refuse a case that is not what its forms say and what was signed on them. Raises Tampered. [CMP-11, KRN-09]"""
    for form in case.forms:
        paper = form.document
        paper.verify(form.salt or None)
        _require_signatures(case, form)
        claimed = form.content.claimed
        due: dict[str, Value] = {"claimed": None if claimed is None else str(claimed)}
        for count, submission in enumerate(form.submissions, 1):
            if case.path is Path.DEPARTMENTS:
                due |= entries("proposed", count, submission.remedy)
            if submission.approval is not None:
                due |= entries("approved", count, submission.remedy)
        says = {name: value for name, value in paper.fields.items() if name.partition(".")[0] in _FIGURES}
        if says != due:
            fields = ", ".join(sorted(name for name in says | due if says.get(name, ...) != due.get(name, ...)))
            raise Tampered(number=paper.number, field=fields)


def _require_signatures(case: Complaint, form: HandlingForm) -> None:
    """Refuse a form from which signatures were taken, or whose last remedy rests on something else. Raises Tampered."""
    paper, roles = form.document, {signature.role for signature in form.document.signatures}
    rests: list[str] = []
    for count, submission in enumerate(form.submissions, 1):
        signed = [f"proposal.{count}"] if case.path is Path.DEPARTMENTS else []
        if submission.approval is not None:
            signed.append(f"{submission.approval.authority}.{count}")
        missing = ", ".join(role for role in signed if role not in roles)
        if missing:
            raise Tampered(number=paper.number, field="signature", role=missing)
        rests = signed[-1:] if submission.returned is None else []  # else it may be judged or classified anew
    for role in rests:
        # A case becomes grave later, and never ceases to be.
        last = form.submissions[-1]
        paper.require_basis(role, *(basis(case, form, last, grave=was) for was in {case.grave, False}))


def drawn_up(
    number: str,
    form: ComplaintForm,
    rules: ComplaintRules,
    *,
    salt: str,
    by: Actor,
    at: datetime,
    former: str | None = None,
) -> Document:
    """The paper of a handling form, with its copies (CMP-01, CMP-28); what the customer said is kept apart (KRN-14)."""
    fields: dict[str, Value] = {
        "customer": form.customer,
        "order_number": form.order_number,
        "product": form.product,
        "batch": form.batch,
        "quantity": form.quantity,
        "defective": form.defective,
        "shipped_on": None if form.shipped_on is None else form.shipped_on.isoformat(),
        "claimed": None if form.claimed is None else str(form.claimed),
        "samples": form.samples,
        "former": former,
    }
    personal: dict[str, Value] = {"demand": form.demand, "reason": form.reason, "specification": form.specification}
    personal |= {f"extra.{name}": value for name, value in form.extra.items()}
    return draw_up(FORM_KIND, number, fields, by=by.id, at=at, copies=rules.copies.form, personal=personal, salt=salt)
