"""Stores that are wrong, each in one way, and the contract that must catch it."""

import builtins
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import attrs

from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.timers import Timer
from csdomain.kernel.store.kinds import ColumnPage, Kind, Page, Query, Tally, TallyRow, Where
from csdomain.kernel.store.ports import AuditRecord, Call, KeyClaim, Queued, Refusal
from csdomain.kernel.store.registers import Change, Register, RowPage, RowQuery
from csdomain.kernel.values.actors import ActorId
from csdomain.testing import (
    EventContract,
    KeyContract,
    NumberContract,
    OutboxContract,
    ProjectionContract,
    QueryContract,
    RefusalContract,
    RegisterContract,
    RulebookContract,
    TimerContract,
    UnitContract,
)
from csdomain_adapters.memory.session import MemorySession

S = MemorySession


class LosesRollback(S):
    def rollback(self) -> None: ...


class ForgetsToTakeBackNumbers(S):
    def next_number(self, series: str, /) -> int:
        self._t.numbers[series] = self._t.numbers.get(series, 0) + 1
        return self._t.numbers[series]


class RepeatsNumbers(S):
    def next_number(self, series: str, /) -> int:
        return min(super().next_number(series), 2)


class OneSeriesForAll(S):
    def next_number(self, series: str, /) -> int:
        return super().next_number("all")


class CountsOnFromWhereItWas(S):
    def reach_number(self, series: str, least: int, /) -> None: ...


class CountsBack(S):
    def reach_number(self, series: str, least: int, /) -> None:
        self._put(self._t.numbers, series, least)


class IgnoresTheVersion(S):
    def update(self, kind: Kind[Any], aggregate: Any, was: int, /) -> bool:
        there: Any = self._t.aggregates[kind.table][aggregate.id].row["version"]
        return super().update(kind, aggregate, there)


class HandsOutItsOwnRecords(S):
    live: ClassVar[dict[tuple[int, str], Any]] = {}

    def fetch(self, kind: Kind[Any], id: str, /, *, lock: bool) -> Any:
        found: Any = super().fetch(kind, id, lock=lock)
        mine = self.live.setdefault((builtins.id(self._t), id), found)
        return mine if found is not None and mine.version == found.version else found


class OverwritesOnInsert(S):
    def insert(self, kind: Kind[Any], aggregate: Any, /) -> None:
        before = self._t.aggregates[kind.table].get(aggregate.id)
        self._save(kind, aggregate, {} if before is None else before.row)


class LivesOnAfterAnError(S):
    def _failed(self, error: Any) -> Any:
        return error


class QuotesTheValue(S):
    def insert(self, kind: Kind[Any], aggregate: Any, /) -> None:
        try:
            super().insert(kind, aggregate)
        except Exception as error:
            error.facts = {**error.facts, "detail": f"Key (label)=({aggregate.label}) already exists."}  # type: ignore[attr-defined]
            raise


class ForgetsRefusals(S):
    def add_refusal(self, refusal: Refusal, /) -> None: ...


class MixesUpRefusals(S):
    def refusals(self, subject: str, /) -> Sequence[Refusal]:
        return self._t.refusals


class ForgetsKeys(S):
    def claim_key(self, call: Call, /) -> KeyClaim | None:
        super().claim_key(call)
        return None


class TakesAKeyForAnotherCommand(S):
    def claim_key(self, call: Call, /) -> KeyClaim | None:
        claim = super().claim_key(call)
        return None if claim is None else attrs.evolve(claim, fingerprint=call.fingerprint)


class SharesKeysBetweenActors(S):
    def claim_key(self, call: Call, /) -> KeyClaim | None:
        return super().claim_key(attrs.evolve(call, by=ActorId("all")))

    def finish_key(self, call: Call, receipt: Any, /) -> None:
        super().finish_key(attrs.evolve(call, by=ActorId("all")), receipt)

    def release_key(self, call: Call, /) -> None:
        super().release_key(attrs.evolve(call, by=ActorId("all")))


class KeepsTheKeyOfAFailure(S):
    def release_key(self, call: Call, /) -> None: ...


class ForgetsEveryKey(S):
    def forget_keys(self, before: datetime, /) -> int:
        return super().forget_keys(datetime.max.replace(tzinfo=UTC))


class SkipsAnEvent(S):
    def events_after(self, position: int, limit: int, /) -> Sequence[AuditRecord]:
        return [r for r in super().events_after(position, limit) if r.position != 3]


class MovesACursorTooLittle(S):
    def move_cursor(self, consumer: str, position: int, /) -> None:
        short = self.cursor(consumer) + 1 < position
        super().move_cursor(consumer, position - 1 if short else position)


class LosesTheOrderOfTheTrail(S):
    def trail(self, subject: str, /) -> Sequence[AuditRecord]:
        return sorted(super().trail(subject), key=lambda record: record.at)


class RedactsTheFiguresToo(S):
    def redact(self, subject: str, /) -> int:
        for i in self._t.by_subject.get(subject, ()):
            self._t.audit[i] = attrs.evolve(self._t.audit[i], facts={})
        return super().redact(subject)


class RedactsEverybody(S):
    def redact(self, subject: str, /) -> int:
        return sum(super(RedactsEverybody, self).redact(each) for each in list(self._t.by_subject))


class OneCursorForAll(S):
    def cursor(self, consumer: str, /) -> int:
        return super().cursor("all")

    def move_cursor(self, consumer: str, position: int, /) -> None:
        super().move_cursor("all", position)


class ForgetsOnceThatATimerFired(S):
    def save_timer(self, timer: Timer, /) -> None:
        saves = f"saves of {timer.subject} {timer.name}"
        if self.next_number(saves) != 2:
            super().save_timer(timer)


class FiresInAnyOrder(S):
    def due_timers(self, until: datetime, limit: int, skip: Any, /) -> Sequence[Timer]:
        return sorted(super().due_timers(until, 10_000, skip), key=lambda t: t.name, reverse=True)[:limit]


class FiresATickEarly(S):
    def due_timers(self, until: datetime, limit: int, skip: Any, /) -> Sequence[Timer]:
        return [t for t in super().due_timers(datetime.max.replace(tzinfo=UTC), limit, skip) if t.due_at <= until]


class ListsClocksOfEverybody(S):
    def live_timers(self, kind: Any, names: Any, query: Any, until: Any, /) -> Any:
        return super().live_timers(kind, names, attrs.evolve(query, where=()), until)


class SaysThatWhatStandsStillIsDue(S):
    def live_timers(self, kind: Any, names: Any, query: Any, until: Any, /) -> Any:
        every = super().live_timers(kind, names, query, None)
        return [one for one in every if until is None or one.timer.due_at <= until]


class StartsATimerTwice(S):
    def add_timers(self, timers: Sequence[Timer], /) -> Sequence[str]:
        for timer in timers:
            self.save_timer(timer)
        return []


class DeliversUnderAnotherKey(S):
    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        return [attrs.evolve(m, key=f"{m.key}#{until}") for m in super().claim_messages(now, until, limit)]


class QueuesAKeyTwice(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        for message in messages:
            key = message.key if message.key not in self._t.outbox else f"{message.key}'"
            super().queue([attrs.evolve(message, key=key)], at)


class HoldsNoClaim(S):
    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        return super().claim_messages(now, now, limit)


class ClaimsOnlyWhatWaits(S):
    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        return [m for m in super().claim_messages(now, until, limit) if m.state is MessageState.WAITING]


class ClaimsInAnyOrder(S):
    def claim_messages(self, now: datetime, until: datetime, limit: int, /) -> Sequence[Queued]:
        return super().claim_messages(now, until, limit)[::-1]


class ForgetsTheWindow(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        super().queue([attrs.evolve(message, until=None) for message in messages], at)


class SendsBeforeTheWindow(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        super().queue([attrs.evolve(message, since=None) for message in messages], at)


class SupersedesNothing(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        for message in messages:
            before = [self._t.outbox[one.key] for one in self._line(message.line)]
            super().queue([message], at)
            for one in before:
                self._put(self._t.outbox, one.key, one)


class SupersedesWhatHasLeft(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        for message in messages:
            before = [one for one in self._line(message.line) if one.key != message.key]
            super().queue([message], at)
            for one in before:
                self._put(self._t.outbox, one.key, attrs.evolve(one, state=MessageState.SUPERSEDED, next_at=None))


class SupersedesByAnOldKey(S):
    def queue(self, messages: Any, at: datetime, /) -> None:
        for message in messages:
            there = message.key in self._t.outbox
            super().queue([message], at)
            for one in self._line(message.line) if there else []:
                if one.key != message.key and one.state is MessageState.WAITING:
                    self._put(self._t.outbox, one.key, attrs.evolve(one, state=MessageState.SUPERSEDED, next_at=None))


class MixesUpLines(S):
    def _line(self, line: str) -> list[Queued]:
        return [message for message in self._t.outbox.values() if message.line.lower() == line.lower()]


class ForgetsTheLine(S):
    def messages_of_line(self, line: str, /) -> Sequence[Queued]:
        return super().messages_of_line(line)[:1]


class ForgetsATry(S):
    def save_message(self, message: Queued, /) -> None:
        super().save_message(attrs.evolve(message, attempts=0))


class ForgetsWhatASaveClears(S):
    def save_message(self, message: Queued, /) -> None:
        there = self._t.outbox.get(message.key)
        super().save_message(attrs.evolve(message, ref=message.ref or (there.ref if there else "")))


class ChangesWhatWasQueued(S):
    def save_message(self, message: Queued, /) -> None:
        if message.key in self._t.outbox:
            self._put(self._t.outbox, message.key, message)


class SavesWhatIsNotThere(S):
    def save_message(self, message: Queued, /) -> None:
        self._t.outbox.setdefault(message.key, message)
        super().save_message(message)


class SavesForGood(S):
    def save_message(self, message: Queued, /) -> None:
        super().save_message(message)
        self._undo.clear()


class HidesWhatWaitsBehindTheDead(S):
    def outbox(self, *, state: Any = None, limit: int, **asked: Any) -> Sequence[Queued]:
        return [m for m in super().outbox(limit=limit, **asked) if state in (None, m.state)]


class ListsAnybodys(S):
    def outbox(self, *, to: str = "", limit: int, **asked: Any) -> Sequence[Queued]:
        found = super().outbox(limit=100_000, **asked)
        return [m for m in found if to in ("", m.to.strip().lower())][:limit]


class ListsWhatIsDueLater(S):
    def outbox(self, *, due: Any = None, **asked: Any) -> Sequence[Queued]:
        return super().outbox(**asked)


class FindsAnyMessage(S):
    def message(self, key: str, /, *, lock: bool = False) -> Queued | None:
        return super().message(key.strip().lower(), lock=lock)


class FindsTheFirstOfARef(S):
    def message_by_ref(self, ref: str, /) -> Queued | None:
        return next((m for m in self._t.outbox.values() if ref and m.ref == ref), None)


class FindsNothingByNothing(S):
    def message_by_ref(self, ref: str, /) -> Queued | None:
        return next((m for m in reversed(self._t.outbox.values()) if m.ref.startswith(ref)), None)


class ChangesARulebook(S):
    def put_rulebook(self, ref: str, text: str, /) -> None:
        self._put(self._t.rulebooks, ref, text)


class LosesTies(S):
    def select(self, kind: Kind[Any], query: Query[Any], /) -> Page[Any]:
        page = super().select(kind, query)
        if query.after is None or query.order_by == "id":
            return page
        return attrs.evolve(page, items=tuple(i for i in page.items if getattr(i, query.order_by) != query.after[0]))


class PagesByOffset(S):
    def select(self, kind: Kind[Any], query: Query[Any], /) -> Page[Any]:
        begin = int(query.after[1]) if query.after else 0
        whole = super().select(kind, attrs.evolve(query, after=None, limit=10_000)).items
        more = len(whole) > begin + query.limit
        return Page(whole[begin : begin + query.limit], (None, str(begin + query.limit)) if more else None)


class MixesUpColumns(S):
    def select_columns(self, kind: Kind[Any], names: Sequence[str], query: Query[Any], /) -> ColumnPage:
        return super().select_columns(kind, sorted(names), query)


class HidesWhatHasNothing(S):
    def select(self, kind: Kind[Any], query: Query[Any], /) -> Page[Any]:
        page = super().select(kind, query)
        return attrs.evolve(page, items=tuple(i for i in page.items if getattr(i, query.order_by, "") is not None))


class CountsEverything(S):
    def tally(self, kind: Kind[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        return super().tally(kind, attrs.evolve(tally, where=()))


class SumsNothingAsNone(S):
    def tally(self, kind: Kind[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        return [attrs.evolve(r, sums=tuple(s or None for s in r.sums)) for r in super().tally(kind, tally)]  # type: ignore[misc]


class IgnoresWhoseItMayBe(S):
    def select(self, kind: Kind[Any], query: Query[Any], /) -> Page[Any]:
        return super().select(kind, attrs.evolve(query, either=()))


class CountsAFewOfTheLargest(S):
    def tally(self, kind: Kind[Any], tally: Tally[Any], /) -> Sequence[TallyRow]:
        return super().tally(kind, attrs.evolve(tally, top=None))[: tally.top[1] if tally.top else None]


class PutsOverWhatIsThere(S):
    def put_new_rows(self, register: Register[Any], rows: Sequence[Any], /) -> Sequence[Any]:
        there = super().put_new_rows(register, rows)
        for row in there:
            self._t.rows[register.table][register.key_of(row)] = register.values(row)
        return there


class SaysNotWhichWereThere(S):
    def put_new_rows(self, register: Register[Any], rows: Sequence[Any], /) -> Sequence[Any]:
        super().put_new_rows(register, rows)
        return []


class SkipsRowsInSilence(S):
    def put_rows(self, register: Register[Any], rows: Sequence[Any], /) -> None:
        super().put_new_rows(register, rows)


class KnowsOnlyTheKey(S):
    def put_new_rows(self, register: Register[Any], rows: Sequence[Any], /) -> Sequence[Any]:
        return super().put_new_rows(attrs.evolve(register, unique=()), rows)


class CountsBelowZero(S):
    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        there = self._t.rows[register.table].get(change.key)
        if there is None or not change.add:
            return super().change_row(register, change)
        self._put(self._t.rows[register.table], change.key, there | {n: there[n] + d for n, d in change.add.items()})
        return True


class TakesFromAnyState(S):
    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        return super().change_row(register, attrs.evolve(change, when=()))


class SaysThatEverythingHeld(S):
    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        super().change_row(register, change)
        return change.key in self._t.rows[register.table]


class SaysThatNothingChangedWhereAllIsTheSame(S):
    def change_row(self, register: Register[Any], change: Change, /) -> bool:
        before = self._t.rows[register.table].get(change.key)
        return super().change_row(register, change) and self._t.rows[register.table][change.key] != before


class LosesRowsAtTheEdgeOfAPage(S):
    def rows(self, register: Register[Any], query: RowQuery, /) -> RowPage[Any]:
        page = super().rows(register, query)
        return attrs.evolve(page, next=None if page.next is None else (*page.next[:-1], page.items[0].at))


class DropsOneTooFew(S):
    def drop_rows(self, register: Register[Any], where: Sequence[Where[Any]], /) -> int:
        return super().drop_rows(register, where) if len(where) != 1 else 0


class KeepsRowsThatWereTakenBack(S):
    def _write(self, register: Register[Any], key: Any, before: Any, after: Any) -> None:
        super()._write(register, key, before, after)
        self._undo.clear()


class FollowsOneTrailOnly(S):
    def trails(self, subjects: Sequence[str], /) -> Sequence[AuditRecord]:
        return super().trails(subjects[:1])


class KeepsRowsOfWhatEnded(S):
    def drop_rows(self, register: Register[Any], where: Sequence[Where[Any]], /) -> int:
        return 0 if [each.column for each in where] == ["subject"] else super().drop_rows(register, where)


class OrdersSmallLettersFirst(S):
    def rows(self, register: Register[Any], query: RowQuery, /) -> RowPage[Any]:
        beyond = [each for each in query.where if str(each.value).endswith("`")]
        return RowPage((), None) if beyond else super().rows(register, query)


class MakesWhatIsThereAnew(S):
    def insert_new(self, kind: Kind[Any], aggregate: Any, /) -> bool:
        self._save(kind, aggregate, {})
        return True

    def fetch(self, kind: Kind[Any], id: str, /, *, lock: bool) -> Any:
        return None if lock and id.startswith("spc_0000000000") else super().fetch(kind, id, lock=lock)


class Slow(S):
    def fetch(self, kind: Kind[Any], id: str, /, *, lock: bool) -> Any:
        found = super().fetch(kind, id, lock=lock)
        time.sleep(0.001)
        return found


FAULTS: list[tuple[type[MemorySession], type]] = [
    (LosesRollback, UnitContract),
    (IgnoresTheVersion, UnitContract),
    (HandsOutItsOwnRecords, UnitContract),
    (OverwritesOnInsert, UnitContract),
    (LivesOnAfterAnError, UnitContract),
    (QuotesTheValue, UnitContract),
    (ForgetsRefusals, RefusalContract),
    (MixesUpRefusals, RefusalContract),
    (ForgetsKeys, KeyContract),
    (TakesAKeyForAnotherCommand, KeyContract),
    (SharesKeysBetweenActors, KeyContract),
    (KeepsTheKeyOfAFailure, KeyContract),
    (ForgetsEveryKey, KeyContract),
    (ForgetsToTakeBackNumbers, NumberContract),
    (RepeatsNumbers, NumberContract),
    (OneSeriesForAll, NumberContract),
    (CountsOnFromWhereItWas, NumberContract),
    (CountsBack, NumberContract),
    (SkipsAnEvent, EventContract),
    (MovesACursorTooLittle, EventContract),
    (LosesTheOrderOfTheTrail, EventContract),
    (RedactsTheFiguresToo, EventContract),
    (RedactsEverybody, EventContract),
    (OneCursorForAll, EventContract),
    (ForgetsOnceThatATimerFired, TimerContract),
    (FiresInAnyOrder, TimerContract),
    (FiresATickEarly, TimerContract),
    (ListsClocksOfEverybody, TimerContract),
    (SaysThatWhatStandsStillIsDue, TimerContract),
    (StartsATimerTwice, TimerContract),
    (DeliversUnderAnotherKey, OutboxContract),
    (QueuesAKeyTwice, OutboxContract),
    (HoldsNoClaim, OutboxContract),
    (ClaimsOnlyWhatWaits, OutboxContract),
    (ClaimsInAnyOrder, OutboxContract),
    (ForgetsTheWindow, OutboxContract),
    (SendsBeforeTheWindow, OutboxContract),
    (SupersedesNothing, OutboxContract),
    (SupersedesWhatHasLeft, OutboxContract),
    (SupersedesByAnOldKey, OutboxContract),
    (MixesUpLines, OutboxContract),
    (ForgetsTheLine, OutboxContract),
    (ForgetsATry, OutboxContract),
    (ForgetsWhatASaveClears, OutboxContract),
    (ChangesWhatWasQueued, OutboxContract),
    (SavesWhatIsNotThere, OutboxContract),
    (SavesForGood, OutboxContract),
    (HidesWhatWaitsBehindTheDead, OutboxContract),
    (ListsAnybodys, OutboxContract),
    (ListsWhatIsDueLater, OutboxContract),
    (FindsAnyMessage, OutboxContract),
    (FindsTheFirstOfARef, OutboxContract),
    (FindsNothingByNothing, OutboxContract),
    (ChangesARulebook, RulebookContract),
    (LosesTies, QueryContract),
    (PagesByOffset, QueryContract),
    (MixesUpColumns, QueryContract),
    (HidesWhatHasNothing, QueryContract),
    (CountsEverything, QueryContract),
    (SumsNothingAsNone, QueryContract),
    (IgnoresWhoseItMayBe, QueryContract),
    (CountsAFewOfTheLargest, QueryContract),
    (PutsOverWhatIsThere, RegisterContract),
    (SaysNotWhichWereThere, RegisterContract),
    (SkipsRowsInSilence, RegisterContract),
    (KnowsOnlyTheKey, RegisterContract),
    (CountsBelowZero, RegisterContract),
    (TakesFromAnyState, RegisterContract),
    (SaysThatEverythingHeld, RegisterContract),
    (SaysThatNothingChangedWhereAllIsTheSame, RegisterContract),
    (LosesRowsAtTheEdgeOfAPage, RegisterContract),
    (DropsOneTooFew, RegisterContract),
    (KeepsRowsThatWereTakenBack, RegisterContract),
    (MakesWhatIsThereAnew, RegisterContract),
    (FollowsOneTrailOnly, ProjectionContract),
    (KeepsRowsOfWhatEnded, ProjectionContract),
    (OrdersSmallLettersFirst, ProjectionContract),
]
