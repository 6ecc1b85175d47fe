"""What is charged, how long a warranty holds, what register and vouchers say differently: calculations over values."""

from collections.abc import Iterable, Sequence
from datetime import date

from dateutil.relativedelta import relativedelta

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken, require
from csdomain.kernel.values.money import Money, in_currency

from . import rules as r
from .values import FIELDS, Charging, Difference, Entry, InHand, Kind, MalformedJob


class NotCharged(RuleBroken):
    """A service under a contract, a free or an internal one would cost something (SVC-05)."""

    default_rule = r.CHARGE
    problem = Text("This kind of service is not charged.", "此类服务不收费。")


def check_fee(kind: Kind, fee: Money | None, currency: str) -> None:
    """A paid service has a fee, no other has one. Raises NotCharged, MalformedJob, CurrencyMismatch. [SVC-05]"""
    if kind is not Kind.PAID:
        if fee is not None:
            raise NotCharged(kind=kind, fee=fee, accepted=Text("no fee, or a paid service", "不收费，或改为有偿服务"))
        return
    if fee is None or fee.minor <= 0:
        raise MalformedJob(field="fee", given=fee, accepted=Text("an amount > 0", "> 0 的金额"))
    in_currency(fee, currency, "fee")


def charging(fee: Money | None, small_fee: Money | None) -> Charging:
    """How a fee is charged: up to a small one on the spot, above it by an invoice first. [SVC-05]"""
    if fee is None:
        return Charging.NONE
    return Charging.ON_THE_SPOT if small_fee is None or fee <= small_fee else Charging.BY_INVOICE


def require_warranty(bought_on: date | None, called_on: date, months: int) -> None:
    """Refuse what was bought longer ago than the warranty holds; its last day counts. Raises RuleBroken. [SVC-01]"""
    accepted = Text(f"a purchase of the last {months} months", f"{months} 个月内的购买日期")
    held = bought_on is not None and bought_on <= called_on and called_on <= bought_on + relativedelta(months=months)
    require(held, r.KINDS, accepted=accepted, given=bought_on)


def differences(register: Iterable[Entry], in_hand: Sequence[InHand]) -> tuple[Difference, ...]:
    """Each difference between the register and the vouchers on the desk, each of which is there once; none exactly
    where they agree. Raises MalformedJob. [SVC-07]"""
    once = FIELDS.once(in_hand, lambda one: one.voucher, "in_hand") if in_hand else ()
    lines, papers = {line.voucher: line for line in register}, {paper.voucher: paper for paper in once}
    found: list[Difference] = []
    for voucher in sorted(lines.keys() | papers.keys()):
        line, paper = lines.get(voucher), papers.get(voucher)
        if paper is None:
            found += [Difference(voucher=voucher, what="missing")] if line is not None and line.here else []
        elif line is None or not line.here:
            found.append(Difference(voucher=voucher, what="unknown" if line is None else "elsewhere"))
        else:
            found += [
                Difference(voucher=voucher, what=name, register=str(said), paper=str(written))
                for name in ("signed", "minutes", "fee")
                if (said := getattr(line, name)) != (written := getattr(paper, name))
            ]
    return tuple(found)
