"""The papers of a case: the handling form as drawn up, and that amounts are those signed (CMP-01, CMP-11, KRN-09)."""

from datetime import datetime
from typing import Final

from csdomain.complaints.values import SIGNERS, ComplaintForm, ComplaintRules, Path, Remedy
from csdomain.kernel.papers.documents import Document, Tampered, Value, draw_up
from csdomain.kernel.values.actors import Actor

from .complaint import Complaint

FORM_KIND: Final = "complaint_form"
#: Who signs the form at which step: the roles that rulebooks name in ``signatures``.
SALES, SERVICE, RND, RULING = SIGNERS
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


def require_as_signed(case: Complaint) -> None:
    """Refuse a case whose amounts are not those on its signed forms. Raises Tampered. [CMP-11, KRN-09]"""
    for form in case.forms:
        paper = form.document
        paper.verify()
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
        "specification": form.specification,
        "quantity": form.quantity,
        "defective": form.defective,
        "shipped_on": None if form.shipped_on is None else form.shipped_on.isoformat(),
        "claimed": None if form.claimed is None else str(form.claimed),
        "samples": form.samples,
        "former": former,
    }
    personal: dict[str, Value] = {"demand": form.demand, "reason": form.reason}
    personal |= {f"extra.{name}": value for name, value in form.extra.items()}
    return draw_up(FORM_KIND, number, fields, by=by.id, at=at, copies=rules.copies.form, personal=personal, salt=salt)
