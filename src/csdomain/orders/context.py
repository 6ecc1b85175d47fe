"""Orders as a context of the desk."""

from typing import Final

from csdomain.casework.chronicle import chronicle
from csdomain.frame.contexts import Context

from .service import ORDER_CASES, Orders

CONTEXT: Final = Context("orders", Orders, (ORDER_CASES,), projections=(chronicle(__file__, ORDER_CASES),))
