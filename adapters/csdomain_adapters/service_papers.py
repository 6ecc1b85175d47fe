"""The service voucher to print: what the register says, and where customer and manager sign (SVC-02, SVC-06)."""

from typing import Any
from zoneinfo import ZoneInfo

from csdomain.frame.questions import house_of
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import NotFound
from csdomain.kernel.values.actors import Actor
from csdomain.service_desk.service import ServiceDesk

from .stock_papers import Printed


def printed(desk: ServiceDesk, id: str, *, by: Actor, language: Language = "en") -> Printed:
    """The voucher of a job. Raises NotFound, also for free advice, which has none, and NotPermitted."""
    job = desk.get(id, by=by)
    if not job.voucher:
        raise NotFound(kind="voucher", accepted=Text("a job with a voucher", "有凭单的服务单"))
    zone = ZoneInfo(house_of(desk).zone(job.branch))

    def say(en: str, zh: str) -> str:
        return Text(en, zh)(language)

    def when(at: Any) -> str:
        return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    signatures = () if job.paper is None else job.paper.signatures
    signed = {one.role: f"{one.by} {when(one.at)}" for one in signatures}
    product = job.product
    facts = [
        (say("voucher", "凭单号"), job.voucher),
        (say("job", "服务单号"), job.number),
        (say("kind", "种类"), job.kind.value),
        (say("received", "接报时间"), when(job.received_at)),
        (say("customer", "客户"), job.contact.name),
        (say("address", "地址"), job.contact.address),
        (say("phone", "电话"), job.contact.phone),
        (say("model", "型号"), "" if product is None else f"{product.model} {product.specification}".strip()),
        (say("bought", "购买"), "" if product is None else f"{product.bought_on or ''} {product.bought_at}".strip()),
        (say("problem", "报修内容"), job.problem),
        (say("work done", "服务内容"), "" if job.work is None else job.work.done),
        (say("minutes", "工时（分钟）"), str(job.minutes or "")),
        (say("fee", "费用"), "" if job.fee is None else str(job.fee)),
        (say("signed by the customer", "客户签字"), signed.get("customer", "")),
        (say("countersigned", "主管复核"), signed.get("manager", "")),
    ]
    head = say("technician, expected, arrived, not settled, next", "服务人员, 约定到达, 实际到达, 未办结原因, 下一步")
    rows = [
        [one.technician, when(one.expected), when(one.arrived_at), one.unsettled, one.next_step] for one in job.visits
    ]
    signs = [say("customer", "客户"), say("manager", "主管"), say("date", "日期")]
    return Printed(language, say("Service voucher", "服务凭单"), facts, head.split(", "), rows, signs)
