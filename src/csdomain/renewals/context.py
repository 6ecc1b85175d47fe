"""Renewals as a context of the desk."""

from typing import Final

from csdomain.frame.contexts import Context

from .model.terms import EARNINGS, TERMS
from .service import CONTRACT_CASES, RENEWAL_CASES, Renewals

CONTEXT: Final = Context("renewals", Renewals, (RENEWAL_CASES, CONTRACT_CASES), (TERMS, EARNINGS))
