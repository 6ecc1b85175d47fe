"""Who is told of what happens to customers' records."""

from collections.abc import Iterable
from typing import Final

from csdomain.frame.effects import Effects, Scene
from csdomain.kernel.cases.effects import Effect

from . import events as e
from .model import CUSTOMERS, HEALTH_FILES
from .values import CUSTOMER_RULES, CustomerRules

EFFECTS: Final = Effects(CUSTOMERS, CUSTOMER_RULES)
HEALTH_EFFECTS: Final = Effects(HEALTH_FILES, CUSTOMER_RULES)


@EFFECTS.on(e.CustomerAssigned)
def _assigned(event: e.CustomerAssigned, s: Scene[CustomerRules]) -> Iterable[Effect]:
    representative = event.representative
    nth = len(s.case.tenures)  # the same one may be assigned again
    yield s.tell(event, "assigned", representative, nth, representative=representative)
