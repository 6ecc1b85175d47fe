"""Customer service as a library: complaints, deadlines, approvals, renewals, stock, with the house rules as data.

``csdomain.open(url, rulebook=…)`` gives a :class:`~csdomain.desk.Desk`. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csdomain.complaints.values import Channel as Channel
    from csdomain.complaints.values import Classification as Classification
    from csdomain.complaints.values import ComplaintForm as ComplaintForm
    from csdomain.complaints.values import Finding as Finding
    from csdomain.complaints.values import Goods as Goods
    from csdomain.complaints.values import Judgement as Judgement
    from csdomain.complaints.values import Liable as Liable
    from csdomain.complaints.values import ProposedPenalty as ProposedPenalty
    from csdomain.complaints.values import Remedy as Remedy
    from csdomain.complaints.values import Share as Share
    from csdomain.desk import Desk as Desk
    from csdomain.desk import load_rulebook as load_rulebook
    from csdomain.desk import open as open
    from csdomain.frame.views import as_data as as_data
    from csdomain.frame.views import json_schema as json_schema
    from csdomain.kernel.calendar import WorkCalendar as WorkCalendar
    from csdomain.kernel.rules.errors import DomainError as DomainError
    from csdomain.kernel.rules.errors import RuleBroken as RuleBroken
    from csdomain.kernel.values.actors import Actor as Actor
    from csdomain.kernel.values.money import Money as Money
else:
    _WHERE = {
        "Actor": "csdomain.kernel.values.actors",
        "Channel": "csdomain.complaints.values",
        "Classification": "csdomain.complaints.values",
        "ComplaintForm": "csdomain.complaints.values",
        "Finding": "csdomain.complaints.values",
        "Goods": "csdomain.complaints.values",
        "Judgement": "csdomain.complaints.values",
        "Liable": "csdomain.complaints.values",
        "ProposedPenalty": "csdomain.complaints.values",
        "Remedy": "csdomain.complaints.values",
        "Share": "csdomain.complaints.values",
        "Desk": "csdomain.desk",
        "DomainError": "csdomain.kernel.rules.errors",
        "Money": "csdomain.kernel.values.money",
        "RuleBroken": "csdomain.kernel.rules.errors",
        "WorkCalendar": "csdomain.kernel.calendar",
        "as_data": "csdomain.frame.views",
        "json_schema": "csdomain.frame.views",
        "load_rulebook": "csdomain.desk",
        "open": "csdomain.desk",
    }

    def __getattr__(name: str) -> Any:
        if name not in _WHERE:
            raise AttributeError(f"module 'csdomain' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_WHERE[name]), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_WHERE})


__all__ = [
    "Actor",
    "Channel",
    "Classification",
    "ComplaintForm",
    "Desk",
    "DomainError",
    "Finding",
    "Goods",
    "Judgement",
    "Liable",
    "Money",
    "ProposedPenalty",
    "Remedy",
    "RuleBroken",
    "Share",
    "WorkCalendar",
    "as_data",
    "json_schema",
    "load_rulebook",
    "open",
]
