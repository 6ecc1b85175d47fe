"""Ids of contracts and renewals, and what is refused of them."""

from typing import Final, NewType

from csdomain.frame.fields import Fields
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue, RuleBroken
from csdomain.kernel.values.ids import IdKind
from csdomain.renewals.rules import FORM

ContractId = NewType("ContractId", str)
RenewalId = NewType("RenewalId", str)
CONTRACT_ID: Final = IdKind[ContractId]("ctr")
RENEWAL_ID: Final = IdKind[RenewalId]("ren")


class MalformedRenewal(InvalidValue):
    """What was given for a contract or a renewal is missing, too long, or not one of the house's (REN-04)."""

    default_rule = FORM
    problem = Text("A field of the contract or renewal is missing or not valid.", "合同或续费的某一字段缺失或无效。")


class AlreadyOpen(RuleBroken):
    """A renewal of the contract is under way: it is finished or abandoned first (REN-04)."""

    default_rule = FORM
    problem = Text("A renewal of this contract is under way.", "此合同已有正在办理的续费。")

    @classmethod
    def check(cls, contract: str, renewal: str | None) -> None:
        """Raises AlreadyOpen where the contract has a ``renewal`` that is under way."""
        if renewal is not None:
            first = Text("after it is recorded or abandoned", "须先办结或放弃该续费")
            raise cls(contract=contract, renewal=renewal, accepted=first)


FIELDS: Final = Fields(MalformedRenewal)
