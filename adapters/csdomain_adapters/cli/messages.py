"""``csdomain messages``: what became of messages, sending one again, and receipts that were kept."""

from pathlib import Path
from typing import Annotated, Final

import typer

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import MissingBackend, NotFound

from . import stores
from .files import there
from .gateways import read
from .options import As, Book, Branch, Position, Url, command
from .output import answer, table
from .settings import say, settings

app = typer.Typer(name="messages")
#: As many messages as a list shows.
_MOST: Final = 1_000


@command(app, "list")
def listed(
    url: Url,
    state: Annotated[MessageState | None, typer.Option(help="Only messages in this state.")] = None,
    to: Annotated[str, typer.Option(help="Only messages to this recipient.")] = "",
) -> None:
    """List messages, the oldest first, at most 1000: those on their way, unknown, lost, given up, sent. No texts."""
    with stores.store(url) as store:
        found = store.look(lambda unit: unit.session.outbox(state=state, to=to, limit=_MOST))
    rows: list[dict[str, object]] = [
        {
            "key": m.key,
            "state": m.state.value,
            "occasion": m.occasion,
            "to": m.to,
            "queued": m.created_at,
            "attempts": m.attempts,
            "sent": m.sent_at,
            "ref": m.ref,
        }
        for m in found
    ]
    if settings.as_json:
        answer({"messages": rows, "more": len(found) == _MOST})
        return
    heads = (
        say("state", "状态"),
        say("occasion", "场合"),
        say("to", "收件人"),
        say("queued", "排队时间"),
        say("key", "键"),
    )
    table(
        say("Messages", "消息"),
        heads,
        [(m.state.value, m.occasion, m.to, m.created_at.isoformat(timespec="minutes"), m.key) for m in found],
    )


@command(app)
def skipped(
    url: Url,
    actor: As,
    branch: Branch,
    position: Position,
    rulebook: Book = "after_sales",
    campaign: Annotated[str, typer.Option(help="Only messages of this campaign, by its id.")] = "",
) -> None:
    """List messages that were not sent, since the customer must not be written to, each with its reason."""
    with stores.desk(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        found = desk.messages.skipped(campaign=campaign, by=by, limit=_MOST)
    names = ("key", "customer", "occasion", "outcome", "at")
    rows = [{name: getattr(one, name) for name in names} for one in found]
    if settings.as_json:
        answer({"skipped": rows, "more": len(found) == _MOST})
        return
    heads = (say("reason", "原因"), say("customer", "客户"), say("occasion", "场合"), say("key", "键"))
    table(say("Skipped", "未发送"), heads, [(one.outcome, one.customer, one.occasion, one.key) for one in found])


@command(app)
def resend(
    url: Url,
    message: Annotated[str, typer.Argument(metavar="KEY", help="The key of the message, as the list shows it.")],
    actor: As,
    branch: Branch,
    position: Position,
    rulebook: Book = "after_sales",
) -> None:
    """Put back a message that was given up, lost, suppressed or not delivered: the next relay sends it."""
    with stores.desk(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        there_is = desk.store.look(lambda unit: unit.session.message(message))
        waits = there_is is not None and there_is.state is MessageState.WAITING  # twice is once
        found = there_is if waits else desk.messages.resend(message, by=by, at=desk.clock.now())
        assert found is not None  # noqa: S101 - else it was not found
    data = {"key": found.key, "state": found.state.value, "resent": found.resent}
    answer(data, say(f"{found.key} is to be sent again.", f"{found.key} 将再次发送。"))


@command(app)
def receipts(
    url: Url,
    gateway: Annotated[str, typer.Argument(help="The gateway that reported, by its name in the file of gateways.")],
    reports: Annotated[Path, typer.Argument(metavar="FILE", help="What it posted; of Twilio a form a line.")],
    actor: As,
    branch: Branch,
    position: Position,
    gateways: Annotated[
        Path, typer.Option("--gateways", envvar="CSDOMAIN_GATEWAYS", help="The TOML file of gateways.")
    ],
    rulebook: Book = "after_sales",
) -> int:
    """Note receipts that were kept, which you know to be genuine. Exit code 1 where some are of no message."""
    there(reports)
    by_name = read(gateways).by_name
    able = [name for name, one in by_name.items() if hasattr(one, "reported")]
    if gateway not in able:
        names = ", ".join(able)
        raise MissingBackend(name=gateway, accepted=Text(names, names))
    found = by_name[gateway].reported(reports.read_bytes())
    noted, unknown = 0, list[str]()
    with stores.desk(url, rulebook) as desk:
        by = desk.house.actor(actor, branch, position)
        for receipt in found:
            try:
                desk.messages.confirm(receipt, by=by)
                noted += 1
            except NotFound:
                unknown.append(receipt.ref)
    text = say(f"{noted} noted, {len(unknown)} of no message", f"已记录 {noted} 条，{len(unknown)} 条无对应消息")
    answer({"noted": noted, "unknown": unknown}, "\n".join([text, *unknown]))
    return 1 if unknown else 0
