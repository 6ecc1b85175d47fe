"""Staff as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .service import DELEGATION_CASES, STAFF_CASES, Staff

CONTEXT: Final = Context("staff", Staff, (STAFF_CASES, DELEGATION_CASES))
