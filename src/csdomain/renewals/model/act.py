"""What commands of contracts and renewals have at hand."""

import attrs

from csdomain.frame.acts import Act
from csdomain.renewals.ports import Billing, Contracts
from csdomain.renewals.values import RenewalRules


@attrs.frozen(eq=False, kw_only=True)
class RenewalAct(Act[RenewalRules]):
    """What a command has at hand: besides who, when and by which rules, the contracts, and bills and payments."""

    contracts: Contracts
    billing: Billing
