"""Complaints as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .service import COMPLAINT_CASES, Complaints

CONTEXT: Final = Context("complaints", Complaints, (COMPLAINT_CASES,))
