"""The timers that one recording of events changes: read as few times as may be, and locked (KRN-06, KRN-12)."""

from collections.abc import Sequence

from csdomain.kernel.cases.effects import CancelTimers, TimerChange
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.rules import TIMERS, Text
from csdomain.kernel.rules.errors import require

from .ports import Session


class Clocks:
    """The timers that one recording changes. A subject with several to change is read once, and they are then held."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[str, dict[str, Timer]] = {}

    def begin(self, begun: Sequence[Timer]) -> None:
        """Start new ones. Raises RuleBroken for a name that its subject has used."""
        there = self._session.add_timers(begun)
        require(
            not there,
            TIMERS,
            accepted=Text("a name that this subject has not used", "该对象未用过的名称"),
            timer=", ".join(there),
            subject=begun[0].subject,
        )
        for timer in begun:
            self._keep(timer)

    def hold(self, changes: Sequence[TimerChange]) -> None:
        """Lock all timers of the subjects that need more than one."""
        seen: set[str] = set()
        for change in changes:
            subject = change.subject
            if subject not in self._held and (subject in seen or isinstance(change, CancelTimers)):
                self._held[subject] = {t.name: t for t in self._session.timers_of(subject, lock=True)}
            seen.add(subject)

    def live(self, subject: str, prefix: str) -> list[str]:
        """The names of those that run, pause or are late, and begin with ``prefix``."""
        held = self._held[subject].items()
        return [name for name, timer in held if (timer.live or timer.overdue) and name.startswith(prefix)]

    def get(self, subject: str, name: str) -> Timer | None:
        """One, locked; None where there is none."""
        held = self._held.get(subject)
        return self._session.timer(subject, name, lock=True) if held is None else held.get(name)

    def save(self, timer: Timer) -> None:
        """Store one that has changed."""
        self._session.save_timer(timer)
        self._keep(timer)

    def _keep(self, timer: Timer) -> None:
        if timer.subject in self._held:
            self._held[timer.subject][timer.name] = timer
