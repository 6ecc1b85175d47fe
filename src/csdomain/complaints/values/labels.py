"""How people call the settings of complaints, for what a new rulebook changes in words (KRN-01)."""

from collections.abc import Mapping
from typing import Final

from csdomain.casework import chasing, letters, related
from csdomain.kernel.rules import Text
from csdomain.rulebook.sections import LADDER_LABELS, Label, Unit, under

LABELS: Final[Mapping[str, Text]] = {
    "": Text("complaints", "投诉"),
    "path": Text("variant of the flow", "流程种类"),
    "number": Text("numbers of complaint forms", "处理表编号"),
    "numbers.slip": Text("numbers of return slips", "产品退货单编号"),
    "numbers.certificate": Text("numbers of discount certificates", "销货折扣证明单编号"),
    "numbers.memorandum": Text("numbers of memoranda", "签呈编号"),
    "numbers.penalty": Text("numbers of penalty notices", "奖罚通知单编号"),
    "copies.form": Text("copies of the complaint form", "处理表各联"),
    "copies.slip": Text("copies of the return slip", "退货单各联"),
    "copies.certificate": Text("copies of the discount certificate", "折扣证明单各联"),
    "ladder": Text("approval limits", "核决权限"),
    "without_amount.grave": Text("who decides grave complaints without an amount", "无金额的严重投诉核决者"),
    "without_amount.ordinary": Text("who decides ordinary complaints without an amount", "无金额的一般投诉核决者"),
    "overrun_to": Text("who is told of an overrun", "逾期反映对象"),
    "handled_by": Text("who sees to complaining customers", "投诉客户的处理人"),
    "grave_to": Text("who gets grave complaints", "严重投诉提呈对象"),
    "close_within": Text("time to close a complaint", "结案期限"),
    "warnings": Label("warnings before the deadline", "到期前的提醒", Unit.PERCENT),
    "stages.*.within": Text("time of the stage {0}", "{0} 阶段的期限"),
    "stages.*.superior": Text("who is told of an overrun of the stage {0}", "{0} 阶段逾期的上级"),
    "report_within": Text("time to report on an investigation", "调查报告期限"),
    "ruling_by": Text("who rules on reports", "报告的批示者"),
    "signatures": Text("signatures before a decision", "核决前的签核"),
    "loss_basis": Text("kinds of loss", "损失核算基准"),
    "penalty_basis": Text("penalty basis", "罚扣判定基准"),
    "penalty_basis.*.rate": Label("share that is deducted", "罚扣比例", Unit.SHARE),
    "penalty_basis.*.up_to": Text("loss up to which it is deducted", "罚扣适用的损失上限"),
    "disciplines": Text("kinds of discipline", "处分种类"),
    "review_by": Label("day of the month by which closed cases are reviewed", "每月审视期限", Unit.PLAIN),
    "review_units": Text("units among which the liable one is decided", "责任归属单位"),
    "classes.*.quality": Text("whether {0} is a quality fault", "{0} 是否属质量问题"),
    "classes.*.causes": Text("causes under {0}", "{0} 的原因"),
    "desks.*": Text("position for the work {0}", "{0} 工作的职位"),
    "stands_still": Text("clocks that stand still while waiting for the customer", "等候客户时暂停的计时"),
    "priorities": Text("priorities, the most urgent first", "优先级，由高到低"),
    "named_before_closing": Text("whether somebody must be named before closing", "结案前是否须指派专人"),
    "classes.*.grave": Text("causes under {0} that are grave", "{0} 中属特别严重的原因"),
    "classes.*.harm": Text("causes under {0} that are harm or loss", "{0} 中属伤害或损失的原因"),
    "dismissal": Text("who dismisses complaints, by the amount claimed", "不成立的核定权限"),
    "hold_reasons": Text("what law demands to keep a case for", "依法保留案件的事由"),
    "signers.*": Text("who signs as {0}", "{0} 的签核人"),
    "different_people": Text(
        "whether ruling, deciding and signing are by different people", "批示、核决与签核是否须由不同人员办理"
    ),
    "extra.*": Text("the house's own field {0}", "自定栏目 {0}"),
    **under("ladder.*", LADDER_LABELS),
    **under("dismissal.*", LADDER_LABELS),
    **under("chasing", chasing.LABELS),
    **under("related", related.LABELS),
    **under("disclosure", letters.LABELS),
}
