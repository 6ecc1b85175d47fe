"""Customer service as a library: complaints, deadlines, approvals, renewals, stock, with the house rules as data.

``csdomain.open(url, rulebook=…)`` gives a :class:`~csdomain.desk.Desk`. Names are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from csdomain.complaints.lifecycle import State as State
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
    from csdomain.kernel.rules.errors import Conflict as Conflict
    from csdomain.kernel.rules.errors import DomainError as DomainError
    from csdomain.kernel.rules.errors import InvalidValue as InvalidValue
    from csdomain.kernel.rules.errors import KeyReused as KeyReused
    from csdomain.kernel.rules.errors import MoveRefused as MoveRefused
    from csdomain.kernel.rules.errors import NotFound as NotFound
    from csdomain.kernel.rules.errors import NotPermitted as NotPermitted
    from csdomain.kernel.rules.errors import RulebookInvalid as RulebookInvalid
    from csdomain.kernel.rules.errors import RuleBroken as RuleBroken
    from csdomain.kernel.rules.errors import StoreBusy as StoreBusy
    from csdomain.kernel.store.kinds import Page as Page
    from csdomain.kernel.store.kinds import Query as Query
    from csdomain.kernel.store.ports import AuditRecord as AuditRecord
    from csdomain.kernel.store.ports import Receipt as Receipt
    from csdomain.kernel.values.actors import Actor as Actor
    from csdomain.kernel.values.money import Money as Money
else:
    _WHERE = {
        "Actor": "csdomain.kernel.values.actors",
        "AuditRecord": "csdomain.kernel.store.ports",
        "Channel": "csdomain.complaints.values",
        "Classification": "csdomain.complaints.values",
        "ComplaintForm": "csdomain.complaints.values",
        "Conflict": "csdomain.kernel.rules.errors",
        "Desk": "csdomain.desk",
        "DomainError": "csdomain.kernel.rules.errors",
        "Finding": "csdomain.complaints.values",
        "Goods": "csdomain.complaints.values",
        "InvalidValue": "csdomain.kernel.rules.errors",
        "Judgement": "csdomain.complaints.values",
        "KeyReused": "csdomain.kernel.rules.errors",
        "Liable": "csdomain.complaints.values",
        "Money": "csdomain.kernel.values.money",
        "MoveRefused": "csdomain.kernel.rules.errors",
        "NotFound": "csdomain.kernel.rules.errors",
        "NotPermitted": "csdomain.kernel.rules.errors",
        "Page": "csdomain.kernel.store.kinds",
        "ProposedPenalty": "csdomain.complaints.values",
        "Query": "csdomain.kernel.store.kinds",
        "Receipt": "csdomain.kernel.store.ports",
        "Remedy": "csdomain.complaints.values",
        "RuleBroken": "csdomain.kernel.rules.errors",
        "RulebookInvalid": "csdomain.kernel.rules.errors",
        "Share": "csdomain.complaints.values",
        "State": "csdomain.complaints.lifecycle",
        "StoreBusy": "csdomain.kernel.rules.errors",
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
    "AuditRecord",
    "Channel",
    "Classification",
    "ComplaintForm",
    "Conflict",
    "Desk",
    "DomainError",
    "Finding",
    "Goods",
    "InvalidValue",
    "Judgement",
    "KeyReused",
    "Liable",
    "Money",
    "MoveRefused",
    "NotFound",
    "NotPermitted",
    "Page",
    "ProposedPenalty",
    "Query",
    "Receipt",
    "Remedy",
    "RuleBroken",
    "RulebookInvalid",
    "Share",
    "State",
    "StoreBusy",
    "WorkCalendar",
    "as_data",
    "json_schema",
    "load_rulebook",
    "open",
]
