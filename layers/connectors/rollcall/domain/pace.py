"""How many requests at once a server is given: more while all is well, half as many as soon as it is not.

Additive increase and multiplicative decrease, with a memory of where the server refused, so that it is not driven into
refusing again and again. Counts and seconds only: whoever sends asks before, tells afterwards, and holds the lock.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Sign = Literal["fine", "slow", "refused", "unsaid"]
"""What a request's end says of its server: it answered; it took far too long or broke off; it wants fewer requests;
nothing, such as an error of its own.
"""

FEW = 4
"""Requests at once that a server is given to begin with."""
CALM_SECONDS = 0.5
"""A server that answers faster than this is not called slow, whatever it did before."""
SLOW = 1.75
"""Times the usual, from which on answers are slow."""
PROBE_AFTER = 50
"""Answers after which the number that was refused is tried again; twice as many each time that it is refused."""
_MOST_PROBE_AFTER = 3200
_LAST = 4
_ENOUGH = 2
_USUAL = 32
_FIRST_GAP_SECONDS = 0.1
_MOST_GAP_SECONDS = 10.0


class Ticket(msgspec.Struct, frozen=True):
    """One request under way: when it was sent, in seconds, what kind it is, how many were under way with it, and how
    many cuts there were before.
    """

    sent: float
    kind: str
    at_once: int
    cuts: int


class Pace:
    """The pace of one server. ``limit`` is never over ``most`` and never under 1; ``gap`` are the seconds that must lie
    between two requests to a server that refuses even one at a time.
    """

    def __init__(self, most: int, first: int = FEW) -> None:
        self.most = most
        self.limit = max(1, min(most, first))
        self.under_way = 0
        self.gap = 0.0
        self._cuts = 0
        self._cut_from = self.limit
        self._refused = 0
        self._lowest = self.limit
        self._wall: int | None = None  # the number at once that was refused
        self._fine = 0
        self._used = False  # whether as many were under way as may be, since the limit is what it is
        self._probe_after = PROBE_AFTER
        self._speeds: dict[str, _Speed] = {}

    @property
    def free(self) -> bool:
        """Whether one more may be sent now."""
        return self.under_way < self.limit

    def send(self, now: float, kind: str = "") -> Ticket:
        """Note that a request is sent. Requests of one ``kind`` are expected to take alike."""
        self.under_way += 1
        self._used |= not self.free
        return Ticket(now, kind, self.under_way, self._cuts)

    def end(self, ticket: Ticket, now: float, sign: Sign) -> None:
        """Note how it ended."""
        self.under_way -= 1
        if sign == "refused":
            self._refuse(ticket)
        elif ticket.cuts != self._cuts:
            return  # of a pace that was given up meanwhile
        elif sign == "slow" or (sign == "fine" and self._is_slow(ticket, now)):
            self._cut()
        elif sign == "fine":
            self._fine += 1
            self._grow()

    def _cut(self) -> None:
        """Halve, once for all that was under way when things went wrong."""
        self._cuts += 1
        self._cut_from = self.limit
        self._refused = self._fine = 0
        self._lowest = self._cut_from
        self._used = False
        self.limit = max(1, self.limit // 2)
        for speed in self._speeds.values():
            speed.forget()

    def _refuse(self, ticket: Ticket) -> None:
        """Of so many at once some were refused: the rest is what the server takes."""
        if ticket.cuts == self._cuts:
            if self._wall is not None and self.limit >= self._wall:
                self._probe_after = min(2 * self._probe_after, _MOST_PROBE_AFTER)
            if self.limit == 1:
                self.gap = min(max(2 * self.gap, _FIRST_GAP_SECONDS), _MOST_GAP_SECONDS)
            self._cut()
        elif ticket.cuts != self._cuts - 1:
            return
        self._refused += 1
        self._lowest = min(self._lowest, ticket.at_once)
        # They may have been refused together, or one after the other as the last of as many.
        self._wall = max(2, self._cut_from - self._refused + 1, self._lowest)
        self.limit = min(self.limit, self._wall - 1)

    def _grow(self) -> None:
        """One more after a round in which all went well; where it was refused before, only after a long while; and
        after half a round as long as nothing ever went wrong.
        """
        needed = self.limit if self._cuts else (self.limit + 1) // 2
        if self.gap > 0 or self._wall == self.limit + 1:
            needed = self._probe_after
        if not self._used or self._fine < needed:
            return
        self._fine, self._used = 0, False
        if self._wall == self.limit:
            # What was refused once has gone well for a round.
            self._wall, self._probe_after = None, PROBE_AFTER
        if self.gap:
            self.gap = self.gap / 2 if self.gap > _FIRST_GAP_SECONDS else 0.0
        elif self.limit < self.most:
            self.limit += 1

    def _is_slow(self, ticket: Ticket, now: float) -> bool:
        speed = self._speeds.setdefault(ticket.kind, _Speed())
        return speed.is_slow(now - ticket.sent, ticket.at_once, self.limit)


class _Speed:
    """How long answers of one kind take: the last few, against the usual and against half as many at once. A server
    that has reached its end takes as much longer as more is asked of it.
    """

    def __init__(self) -> None:
        self._last = _Mean(_LAST)
        self._usual = _Mean(_USUAL)
        self._at_once: dict[int, _Mean] = {}

    def forget(self) -> None:
        """Let the last few be those from now on."""
        self._last = _Mean(_LAST)

    def is_slow(self, seconds: float, at_once: int, limit: int) -> bool:
        self._last.add(seconds)
        self._at_once.setdefault(at_once, _Mean(_LAST)).add(seconds)
        # What a request takes that is alone is the server's own time, and none that the others cost it.
        self._usual.add(seconds, _LAST if limit == 1 else _USUAL)
        half = self._at_once.get(limit // 2, self._usual)
        usual = min(self._usual.value, half.value) if half.count >= _ENOUGH else self._usual.value
        return self._last.count >= _LAST and self._last.value > max(SLOW * usual, CALM_SECONDS)


class _Mean:
    """A running mean that follows the last ``span`` values or so."""

    def __init__(self, span: int) -> None:
        self.value = 0.0
        self.count = 0
        self._span = span

    def add(self, value: float, span: int | None = None) -> None:
        self.count += 1
        self.value += (value - self.value) / min(self.count, span or self._span)
