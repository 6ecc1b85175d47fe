"""Whether somebody may be written to (MSG-08, MSG-10)."""

from collections.abc import Iterable

from csdomain.kernel.cases.effects import MessageClass
from csdomain.messaging.values import Channel, Outcome, Standing, pairs


def refusal(standings: Iterable[Standing], klass: MessageClass, channel: Channel | None = None) -> Outcome | None:
    """Why a message of a class is not for somebody by a channel, or by any where None; None where it may be sent.

    ``standings`` are those of every record of the person: one opt-out stands for all, one consent too. What the
    contract demands is always sent. [MSG-10]

    >>> refusal([Standing(do_not_call=True)], MessageClass.CARE, Channel.PHONE)
    <Outcome.DO_NOT_CALL: 'do_not_call'>
    """
    if klass is MessageClass.CONTRACT:
        return None
    known = tuple(standings)
    if channel is Channel.PHONE and any(one.do_not_call for one in known):
        return Outcome.DO_NOT_CALL
    out = {(one.klass, one.channel) for each in known for one in each.opted_out}
    left = {through for _, through in pairs(klass, channel) if (klass, through) not in out}
    if not left:
        return Outcome.OPTED_OUT
    agreed = {one.channel for each in known for one in each.consents}
    return Outcome.NO_CONSENT if klass is MessageClass.MARKETING and not left & agreed else None
