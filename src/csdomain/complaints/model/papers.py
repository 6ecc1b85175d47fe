"""What a case comes to is what stands signed on its forms (CMP-11, KRN-09)."""

from typing import Final

from csdomain.complaints.values import Path, Remedy
from csdomain.kernel.papers.documents import Tampered, Value

from .case import CaseBody

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


def require_as_signed(case: CaseBody) -> None:
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
