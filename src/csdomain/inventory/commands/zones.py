"""Storage zones: read, out of their limits and back (INV-07)."""

from decimal import Decimal
from typing import Any, Final

from csdomain.frame.acts import Events
from csdomain.frame.commands import Commands
from csdomain.inventory import events as e
from csdomain.inventory.lifecycle import ZONE_MOVES, ZoneMove, ZoneState
from csdomain.inventory.model.papers import ZONE, StockAct, Zone
from csdomain.inventory.model.stock import READINGS, Reading
from csdomain.inventory.values import FIELDS, place
from csdomain.kernel.rules import Text

does: Final = Commands(ZONE_MOVES)
#: No thermometer or hygrometer shows more.
_MOST: Final = 100


@does.opens(ZoneMove.OPEN)
def open_zone(act: StockAct, zone: str, spot: str) -> tuple[Zone, Events]:
    act.rules.climate(zone)
    place("wh", act.by.branch, zone, spot)
    whose: dict[str, Any] = {"branch": act.by.branch, "owner": act.by.id}
    made = Zone(id=act.new(ZONE), moved_at=act.at, zone=zone, spot=spot, **whose)
    return made, act.opened(made, e.ZoneOpened())


@does(ZoneMove.RECORD)
def record(zone: Zone, act: StockAct, celsius: Decimal, humidity: Decimal) -> Events:
    temperature, damp = _tenths(celsius, "celsius", -_MOST), _tenths(humidity, "humidity", 0)
    within, count = act.rules.climate(zone.zone).suits(celsius, humidity), zone.readings + 1
    what: dict[str, Any] = {"zone": zone.id, "count": count, "at": act.at, "within": within, "by": act.by.id}
    act.ledger.unit.register(READINGS).put([Reading(temperature=temperature, humidity=damp, **what)])
    zone.readings, was, since = count, zone.state, zone.out_since
    told = act.done(e.ZoneRead(temperature=temperature, humidity=damp))
    if within is (was is ZoneState.WITHIN):
        return told
    zone.out_since = None if within else act.at
    if since is not None:
        return (*told, *act.follows(does, ZoneMove.RETURN, e.ZoneBack(since=since)))
    return (*told, *act.follows(does, ZoneMove.LEAVE, e.ZoneLeft()))


@does(ZoneMove.CLOSE)
def close(zone: Zone, act: StockAct) -> Events:
    return act.done(e.ZoneClosed())


def _tenths(value: Decimal, field: str, least: int) -> int:
    """A reading in tenths. Raises MalformedPaper where it is finer, or no instrument shows it."""
    fits = isinstance(value, Decimal) and value.is_finite() and least <= value <= _MOST and not value * 10 % 1
    if not fits:
        accepted = Text(f"{least} to {_MOST} in tenths", f"{least} 到 {_MOST}，精确到 0.1")
        raise FIELDS.error(field=field, accepted=accepted)
    return int(value * 10)
