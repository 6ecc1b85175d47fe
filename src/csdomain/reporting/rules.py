"""The rules of figures and reports."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels(
    {
        "activity": "活动",
        "case": "案件",
        "column": "列",
        "columns": "列",
        "currency": "货币",
        "file": "文件",
        "line": "行",
        "row": "行",
    }
)

EXPORTS = Rule(
    "RPT-04",
    "An exported file is whole and safe to open: no text in it becomes a formula, no digit is lost, every time has its "
    "zone.",
    zh="导出的文件完整且可安全打开：文本不会变成公式，数字不丢位，时间都带时区。",
)
CHARTS = Rule(
    "RPT-05",
    "A report is one self-contained page whose charts can be read on screen, on paper and by a screen reader.",
    zh="报告是一个自足的页面，其图表在屏幕、纸面和读屏软件上都可阅读。",
)
MONTHLY = Rule(
    "RPT-02",
    "A month's figures are of one stated moment, counted by the database, and each opens to the cases behind it.",
    zh="每月统计注明统计时点，由数据库汇总得出，每个数字都能查到其案件。",
)
OPENED = Rule(
    "RPT-03",
    "Every figure opens to the records that make it up.",
    zh="每个数字都能展开到构成它的记录。",
)
VOLUME = Rule(
    "RPT-07",
    "Reports are counted inside the database by grouped queries; no record is loaded to be counted.",
    zh="报表由数据库分组统计得出，不为计数而载入记录。",
)
REPLAY = Rule(
    "RPT-06",
    "A log is replayed through a workflow and its deadlines; every event is replayed or listed with the reason.",
    zh="事件日志按流程与期限重放；每个事件或被重放，或列明原因。",
)
