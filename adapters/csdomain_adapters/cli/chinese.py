"""What ``--help`` says in Chinese, by what it says in English: Typer takes one text for each command and option."""

from collections.abc import Mapping
from typing import Any, Final

_HELP: Final[Mapping[str, str]] = {
    "Customer service as a library: house rules, databases, cases, deadlines, messages, event logs.": (
        "客户服务程序库：规则手册、数据库、案件、期限、消息、事件日志。"
    ),
    "Language of the answer; by default that of LANG.": "回答所用语言；默认依 LANG。",
    "Answer as JSON, for programs.": "以 JSON 回答，供程序使用。",
    "Say which csdomain this is.": "显示 csdomain 的版本。",
    # --- who asks, and where
    "The store: sqlite:///desk.db, postgresql+psycopg://host/database.": (
        "存储：sqlite:///desk.db、postgresql+psycopg://host/database。"
    ),
    "Who asks or acts: the id.": "查询人或操作人的标识。",
    "The branch of whoever asks or acts.": "查询人或操作人所属分支。",
    "The positions held; they say what is permitted.": "所任职位；决定其权限。",
    "One that ships, a TOML file, or a folder.": "内置的规则手册、TOML 文件或文件夹。",
    "Make the database, or bring its tables up to date, first.": "先新建数据库，或将其表升级到最新。",
    "An instant with its zone: 2026-10-08T09:00:00+08:00.": "带时区的时间：2026-10-08T09:00:00+08:00。",
    # --- the domain as data
    "Say what there is: contexts, cases, lifecycles, commands, permissions, events, messages and settings.": (
        "显示有什么：领域、案件、状态机、命令、权限、事件、消息与设置。"
    ),
    "Only this context: complaints.": "只显示此领域：complaints。",
    "One that ships, a TOML file, or a folder: gives its values.": (
        "内置的规则手册、TOML 文件或文件夹：给出其中的值。"
    ),
    # --- the stock
    "Stock: on hand, a product's card, who holds what, warnings, papers to print.": (
        "库存：现有量、库存卡、领用在外、预警、打印单据。"
    ),
    "Quantity and cost by warehouse and product, expired and reserved goods included.": (
        "按库房和产品显示数量与成本，含过期和预留的货物。"
    ),
    "Every movement of a product, the oldest first.": "某产品的全部出入库记录，最早的在前。",
    "The code of the product.": "产品编码。",
    "Who holds what: goods with people and in vehicles.": "领用在外：个人和车辆上的物品。",
    "What is low, expires soon or lies idle, and what could be transferred.": (
        "低于安全库存、临近到期、长期未动的货物，以及建议的调拨。"
    ),
    "Print a delivery note, a stocktake sheet or a destruction record.": "打印发货单、盘点表或销毁记录。",
    "The id of a shipment, a count or a destruction.": "发货单、盘点单或销毁单的标识。",
    # --- the service desk
    "Service desk: jobs to dispatch, the daily check, vouchers to print.": "服务台：待派工、每日核对、打印凭单。",
    "List the jobs that wait to be dispatched, the oldest first (SVC-07).": (
        "列出待派工的服务单，先接者在前（SVC-07）。"
    ),
    "The vouchers on the desk, CSV: voucher, signed, minutes, fee.": (
        "在手凭单的 CSV 文件：voucher、signed、minutes、fee。"
    ),
    "Compare the register with the vouchers on the desk; nothing is kept. Exit code 1 where they differ (SVC-07).": (
        "核对登记簿与在手凭单，不作记录。有差异时退出码为 1（SVC-07）。"
    ),
    "The id of a job.": "服务单的标识。",
    "Print the voucher of a job, as it stands in the register.": "按登记簿现状打印服务凭单。",
    # --- customers
    "Customers: find and import them.": "客户：查找与导入。",
    "Part of a name, phone, address, e-mail, number, remark.": "姓名、电话、地址、邮箱、编号或备注的一部分。",
    "Find customers by any one field, the best match first.": "按任一字段查找客户，最相符者在前。",
    "A CSV file in UTF-8 with a line of names: ref, name.": "UTF-8 编码的 CSV 文件，首行为栏目名：ref、name。",
    "Take over customers out of a CSV file. Begun again, it goes on; rows that are refused are named.": (
        "从 CSV 文件导入客户。可重复执行，已导入的不再导入；逐行列出被拒的记录。"
    ),
    # --- renewals
    "Renewals: the contracts that end soon.": "续费：即将到期的合同。",
    "Contracts that end before this day; by default as early as the house reminds.": (
        "在此日之前到期的合同；默认为本公司提醒的提前期。"
    ),
    "List the contracts that end soon, and count them by month, representative and amount (REN-03).": (
        "列出即将到期的合同，并按月份、客户代表与金额统计（REN-03）。"
    ),
    "List messages, the oldest first, at most 1000: those on their way, unknown, lost, given up, sent. No texts.": (
        "列出消息，最早的在前，至多 1000 条：在途、结果不明、下落不明、已放弃、已发送。不显示正文。"
    ),
    "Messages: what became of each, sending one again, receipts.": "消息：每条的去向、再次发送、回执。",
    "The key of the message, as the list shows it.": "消息的键，见列表。",
    "Put back a message that was given up, lost, suppressed or not delivered: the next relay sends it.": (
        "将已放弃、下落不明、已拦截或未能投递的消息放回，下次发送时再发。"
    ),
    "The gateway that reported, by its name in the file of gateways.": "发来回执的网关，用网关文件中的名称。",
    "What it posted; of Twilio a form a line.": "网关推送的内容；Twilio 为每行一个表单。",
    "The TOML file of gateways.": "网关的 TOML 文件。",
    "Note receipts that were kept, which you know to be genuine. Exit code 1 where some are of no message.": (
        "记录保存下来且确知可信的回执。有回执无对应消息时退出码为 1。"
    ),
    "Send by the gateways of this TOML file.": "用此 TOML 文件中的网关发送。",
    "With --gateways: the installed directory of whom to write to.": "与 --gateways 同用：已安装的收件人目录。",
    "List messages that were not sent, since the customer must not be written to, each with its reason.": (
        "列出因不得联系客户而未发送的消息及原因。"
    ),
    "Only messages of this campaign, by its id.": "只列此营销活动的消息，按其标识。",
    "Only messages in this state.": "只列此状态的消息。",
    "Only messages to this recipient.": "只列发给此收件人的消息。",
    # --- the work that comes back
    "The name of an installed notifier; without it no message leaves.": "已安装的通知器名称；不指定则不发送消息。",
    "Do what is due now, and end.": "处理当前到期的工作后结束。",
    "Do the work that comes back: timers, consequences, planned runs, messages. Ctrl-C ends it between two units.": (
        "执行周期性工作：计时器、后续处理、计划任务、消息。按 Ctrl-C 在两个工作单元之间结束。"
    ),
    "The rows: chronicle, or chronicle.complaint; all where none.": (
        "数据行名称：chronicle 或 chronicle.complaint；不给则全部。"
    ),
    (
        "Make rows that follow from cases and their trails again: what is missing and what is wrong. "
        "Others may work on.\n\nOf the contexts of the rulebook. Exit code 1 where a record cannot be read."
    ): (
        "依案件及其审计记录重新生成数据行：补缺、改错，期间他人可照常工作。"
        "\n\n限于规则手册所含的功能。有记录无法读取时，退出码为 1。"
    ),
    "Minutes that due work may wait.": "到期工作可以等待的分钟数。",
    "Say how the work fares: what waits since when, what was given up. Exit code 1 where something is wrong.": (
        "显示工作状况：何事自何时等待、何事已放弃。有问题时退出码为 1。"
    ),
    # --- cases
    "Cases: list and search, show one, its trail, what may be done with it.": (
        "案件：列出与查找，查看单件、轨迹、可做的流转。"
    ),
    "List cases, or search for some. Personal columns are masked for those who may not see them.": (
        "列出或查找案件。无权查看者，个人信息列被遮盖。"
    ),
    "Only the case of this number.": "只列此单号的案件。",
    "Only those of this customer, by id.": "只列此客户（标识）的案件。",
    "Only those of this order number.": "只列此订单号的案件。",
    "Only those of this batch.": "只列此批号的案件。",
    "Only those of this product.": "只列此产品的案件。",
    "Only those that this person is named for.": "只列指派给此人的案件。",
    "Only those at this level, the lowest is 1.": "只列处于此层级的案件，最低为 1。",
    "Only those with a clock that is due before this instant.": "只列有计时器在此时间前到期的案件。",
    "Only those in this state, or these.": "只列处于此状态（或这些状态）的案件。",
    "A condition on any column: product=engine, received_at>=2026-10-01T00:00Z.": (
        "对任一列的条件：product=engine、received_at>=2026-10-01T00:00Z。"
    ),
    "Only those that are not at their end.": "只列未到终态的案件。",
    "Only those in the queue of whoever asks.": "只列查询人在办的案件。",
    "The column to sort by; -received_at for the latest first.": "排序所依的列；-received_at 表示最新在前。",
    "At most so many.": "最多列出的件数。",
    "The kind of case: complaint, order.": "案件种类：complaint、order。",
    "Show a case: its columns, its clocks, what is still open, and what may be done with it now.": (
        "查看一件案件：各列、计时器、未了事项、现在可做的流转。"
    ),
    "The case: its number or its id.": "案件的单号或标识。",
    "Show everything that happened to a case, in order. Reasons are masked for those who may not see them.": (
        "依次显示案件的全部经过。无权查看者，原因被遮盖。"
    ),
    "Say what may be done with a case and its parts now, and why the rest may not.": (
        "列出案件及其各部分现在可做的流转，以及其余为何不可。"
    ),
    "List the clocks that run, by owner, and when each breaches.": "按处理人列出运行中的计时器及其期限。",
    "List what waits for whoever asks: their cases, and those that wait for a position they hold. Grave ones first.": (
        "列出查询人的待办：本人的案件，以及等候其所任职位办理的案件。特别严重者在前。"
    ),
    "What waits for this position instead.": "改为列出等候此职位办理的案件。",
    "What waits for this person instead.": "改为列出等候此人办理的案件。",
    "Only cases of this branch.": "只列此分支的案件。",
    "Only cases at this level, the lowest is 1.": "只列处于此层级的案件，最低为 1。",
    "Only the cases of this owner.": "只列此处理人的案件。",
    # --- jobs and databases
    "Say what in a store is not what its trail says. Exit code 1 where there is anything.": (
        "列出存储中与审计记录不符之处。如有，退出码为 1。"
    ),
    "The file with a checkpoint that was kept: it shows what the trail has lost.": (
        "所保存检查点的文件：可显示审计记录丢失了什么。"
    ),
    "The file with the key that signs, of 16 bytes or more.": "签署密钥的文件，至少 16 字节。",
    "Sign the trail as it is, as JSON to keep elsewhere. Refused where the store is not what its trail says.": (
        "签署当前审计记录，输出 JSON 供另处保存。存储与审计记录不符时拒绝。"
    ),
    "Fire the timers that are due: warnings and breaches. Exit code 1 where a handler refused.": (
        "触发到期的计时器：提醒与逾期。有被拒绝者，退出码为 1。"
    ),
    "Deliver the messages that are due; without --notifier only list them. Exit code 1 where some were given up.": (
        "发送到期的消息；不带 --notifier 时只列出。有放弃者，退出码为 1。"
    ),
    "The name of an installed notifier, to send; 'print' lists what is due and sends nothing.": (
        "已安装的通知器名称，用于发送；print 只列出待发消息，不发送。"
    ),
    "Databases: bring the tables up to date.": "数据库：升级表结构。",
    "Bring a database's tables up to date, and make an SQLite file that is not there. Several may do it at once.": (
        "将数据库的表升级到最新；SQLite 文件不存在时新建。可多处同时执行。"
    ),
    "Say which version a database's tables are at, and which this csdomain needs; exit code 1 where they differ.": (
        "显示数据库表的版本及本 csdomain 所需的版本；不同时退出码为 1。"
    ),
    # --- reports
    "Print a lifecycle as a Mermaid diagram, or its table as JSON.": "以 Mermaid 图打印流程，或以 JSON 打印其表。",
    "The lifecycle: complaint.": "流程名：complaint。",
    "Only this variant of the flow.": "只画此流程种类。",
    "Replay a real event log through a workflow, its calendar and its deadlines (RPT-06).": (
        "将真实事件日志依流程、日历与期限重放（RPT-06）。"
    ),
    "The event log, CSV.": "事件日志，CSV。",
    "How the log maps onto a workflow, TOML.": "日志与流程的映射，TOML。",
    "Write the report as one HTML page with charts.": "将报告写成一个带图表的 HTML 页面。",
    "Stop at the first row that cannot be read.": "遇到第一行无法读取的即停止。",
    "Replay the closed complaints of a database under another rulebook: who decides, what is late, what is refused.": (
        "以另一规则手册重算数据库中已结案的投诉：由谁核决、何者逾期、何者被拒绝。"
    ),
    "The rulebook asked about: one that ships, a TOML file, or a folder.": (
        "所问的规则手册：内置的、TOML 文件或文件夹。"
    ),
    "Figures: a month counted, as tables, page or file.": "统计：一个月的数字，以表格、页面或文件给出。",
    "Count the complaints closed in a month (CMP-26), and list them for the review of the GM office (CMP-20).": (
        "统计一个月结案的投诉（CMP-26），并列出供总经理室审视（CMP-20）。"
    ),
    "The month of closing: 2026-03.": "结案月份：2026-03。",
    "Write the figures as CSV.": "将统计写成 CSV。",
    "Write the figures as XLSX.": "将统计写成 XLSX。",
    "Write the list for the monthly review as CSV.": "将每月审视清单写成 CSV。",
    # --- rulebooks
    "House rules: list, show, check and compare rulebooks.": "规则手册：列出、显示、检查、比较。",
    "List the rulebooks that ship.": "列出内置的规则手册。",
    (
        "Check rulebooks: every fault of every file, each with its key path. Exit code 1 where one is refused.\n\n"
        "Warns of holidays that are not known 60 days before they are needed."
    ): ("检查规则手册：列出每个文件的每处错误及其键路径。有被拒绝者，退出码为 1。\n\n提前 60 天提示尚不知道的假日。"),
    "TOML files, or folders of them.": "TOML 文件或其文件夹。",
    "Print the JSON Schema of rulebooks, for editors; with one, its positions, roles and calendars are proposed.": (
        "输出规则手册的 JSON Schema，供编辑器使用；给出规则手册时，提示其职位、角色与日历。"
    ),
    "One that ships, a TOML file, or a folder: its names.": "内置的规则手册、TOML 文件或文件夹：提示其中的名称。",
    "Show a rulebook as it is after `extends`, as JSON.": "以 JSON 显示规则手册（extends 展开后）。",
    "A rulebook that ships, a TOML file, or a folder.": "内置的规则手册、TOML 文件或文件夹。",
    "Say what a new rulebook changes, when it acts, and which running cases of a database it touches.": (
        "说明新规则手册改变了什么、何时生效、影响数据库中哪些在办案件。"
    ),
    "A rulebook that ships, a file, a folder, or a ref name@hash of the database.": (
        "内置的规则手册、文件、文件夹，或数据库中的标识 name@hash。"
    ),
    "The same, for the rulebook it is compared with.": "同上，用于比较的另一份。",
    "The store whose running cases are counted.": "统计其在办案件的存储。",
    "Also list the ids of the running cases.": "同时列出在办案件的标识。",
    "Exit with 1 where they differ.": "不同时退出码为 1。",
    "Move the cases that run under a rulebook to another, on purpose and audited. Exit code 1 where some refused.": (
        "将依某规则手册办理的案件改挂另一份，并留审计记录。有被拒绝者，退出码为 1。"
    ),
    "The rulebook they run under: name@hash.": "案件现依的规则手册：name@hash。",
}


def in_chinese(command: Any) -> Any:
    """The command and all below it, with help in Chinese; what has no translation stays in English."""
    command.help = _HELP.get(command.help, command.help)
    for parameter in command.params:
        parameter.help = _HELP.get(parameter.help, parameter.help)
    for below in getattr(command, "commands", {}).values():
        in_chinese(below)
    return command
