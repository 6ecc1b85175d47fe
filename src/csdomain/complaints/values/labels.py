"""How people call the settings of complaints, for what a new rulebook changes in words (KRN-01)."""

from collections.abc import Mapping
from typing import Final

from csdomain.kernel.rules import Text
from csdomain.rulebook.sections import Label, Unit

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
    "ladder.*": Text("authority {0}", "权限者 {0}"),
    "ladder.*.over": Text("where the band of {0} begins", "{0} 的起始金额"),
    "ladder.*.up_to": Text("limit of {0}", "{0} 的上限"),
    "without_amount.grave": Text("who decides grave complaints without an amount", "无金额的严重投诉核决者"),
    "without_amount.ordinary": Text("who decides ordinary complaints without an amount", "无金额的一般投诉核决者"),
    "overrun_to": Text("who is told of an overrun", "逾期反映对象"),
    "handled_by": Text("who sees to complaining customers", "投诉客户的处理人"),
    "grave_to": Text("who gets grave complaints", "严重投诉提呈对象"),
    "close_within": Text("time to close a complaint", "结案期限"),
    "warnings": Label("warnings before the deadline", "到期前的提醒", Unit.PERCENT),
    "stages.*.within": Text("time of the stage {0}", "{0} 阶段的期限"),
    "stages.*.superior": Text("who is told of an overrun of the stage {0}", "{0} 阶段逾期的上级"),
    "chasing.every": Text("how often departments are reminded", "催办间隔"),
    "chasing.times": Text("how many times departments are reminded", "催办次数"),
    "chasing.superior": Text("who is told where reminders do not help", "催办无效时报告的上级"),
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
    "hold_reasons": Text("what law demands to keep a case for", "依法保留案件的事由"),
    "signers.*": Text("who signs as {0}", "{0} 的签核人"),
    "different_people": Text(
        "whether ruling, deciding and signing are by different people", "批示、核决与签核是否须由不同人员办理"
    ),
    "related.days": Label("days back in which related cases are looked for", "相关案件的回溯天数", Unit.DAYS),
    "related.counted": Text("whether related cases count to who decides", "相关案件是否合并计算核决权限"),
    "disclosure.run_characters": Text("characters in a row that a letter may not repeat", "通知不得重复的连续字数"),
    "disclosure.run_words": Text("words in a row that a letter may not repeat", "通知不得重复的连续词数"),
    "disclosure.name": Text("characters from which a name is looked for", "姓名、单位名称检查的最少字数"),
    "disclosure.figure": Text("sum from which figures are looked for anywhere", "任何位置都检查的最小金额"),
    "extra.*": Text("the house's own field {0}", "自定栏目 {0}"),
}
