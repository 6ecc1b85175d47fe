"""The rules of messages."""

from csdomain.kernel.rules import Rule
from csdomain.kernel.rules.errors import fact_labels

fact_labels({"channel": "渠道", "character": "第几字", "language": "语言", "message": "消息", "occasion": "场合"})
fact_labels({"ref": "回执编号", "gateway": "网关"})

TEMPLATES = Rule(
    "MSG-01",
    "A message's text is a template of its occasion, channel and language; every placeholder is known and filled, "
    "or nothing is sent.",
    zh="消息文本取自其场合、渠道与语言的模板；占位符须全部已知且有值，否则不予发送。",
    source="B 預約3, C 附錄6",
)
WELCOME = Rule(
    "MSG-02",
    "A new customer is welcomed within a week of the deal.",
    zh="成交后一周内向新客户致欢迎。",
    source="C 8.5.1",
)
BIRTHDAY = Rule(
    "MSG-03",
    "Customers are greeted on their birthday, by the calendar of their birth.",
    zh="按客户出生所用历法，在生日当天致贺。",
    source="C 8.5.2, B 個性化1",
)
HOLIDAY = Rule(
    "MSG-04",
    "Customers are greeted on the holidays that the house names, or on their eve.",
    zh="在机构列明的节日当天或前夕向客户致贺。",
    source="C 8.5.3, B 個性化2",
)
THANKS = Rule(
    "MSG-05",
    "A renewal is told when it is done, with the new end and the months, and thanked for within a week.",
    zh="续费办结后告知新的终止日期与月数，并在一周内致谢；共两条消息。",
    source="C 8.4.8, 8.5.4",
)
LAPSE = Rule(
    "MSG-06",
    "Whose service has run out is greeted within a week of its end.",
    zh="服务到期后一周内向客户问候。",
    source="C 8.5.5",
)
DRIVERS_CARE = Rule(
    "MSG-07",
    "Drivers are cared for on demand, where the house has turned that on.",
    zh="在机构启用时，按需向司机提供关怀。",
    source="C 8.5.6",
)
OUTBOX = Rule(
    "MSG-09",
    "A message leaves under one key; where it is unknown whether it left, it is asked for and never sent again "
    "blindly; one that was given up is listed, and sent again on request.",
    zh="每条消息以同一幂等键发出；是否已发出不明时须查询，不得盲目重发；放弃发送的消息须列出，并可要求重新发送。",
)
MARKETING = Rule(
    "MSG-08",
    "Nothing that can wait is sent in the quiet hours of whoever is written to; marketing needs consent and has a cap.",
    zh="可以等待的消息不在收件人的静默时段内发送；营销须经同意，并有次数上限。",
    source="B 個性化3",
)
OPT_OUT = Rule(
    "MSG-10",
    "Who has opted out is sent nothing but what the contract demands; a reply that asks for it opts out.",
    zh="已退订者除合同要求的消息外不再收到任何消息；回复退订词即为退订。",
)
ONCE = Rule(
    "MSG-11",
    "An occasion is written for once, whatever is restarted and however many planners work.",
    zh="同一场合只发送一次，不论重启与否、有多少个排程在运行。",
)
GATEWAYS = Rule(
    "MSG-12",
    "A short message is counted and cut as the networks do, and no character is broken; the next gateway takes over "
    "only where the first surely did not take the message; a receipt counts only where it is genuine.",
    zh="短信按运营商规则计条和拆分，不拆断任何字符；前一网关确定未受理时，才改由下一网关发送；回执须可信方予采用。",
)
INTERNAL = Rule(
    "MSG-13",
    "The house's own people are told by the same road; no customer's wish or quiet hours keep that from them.",
    zh="内部通知走同一通道，不受客户偏好与静默时段限制。",
)
RESPONSIBLE = Rule(
    "MSG-14",
    "Who answers for a message is reminded of it before, and told where it does not arrive: given up, lost, expired, "
    "not delivered.",
    zh="消息的负责人须事先得到提醒；消息未送达（已放弃、下落不明、已过期或未能投递）时须告知其负责人。",
    source="C 8.5, B",
)
