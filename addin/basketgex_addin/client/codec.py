"""Questions and answers to and from the columns of the batch message. Protobuf stops here."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, repeat
from typing import NamedTuple, overload

from basketgex.v1 import exposure_pb2 as pb
from basketgex_addin.cells import STALE_SPOT, THIN_QUOTES, Ask, Problem, Reply, Row, Since
from basketgex_addin.client.problems import BAD_REPLY

MOST_ENTRIES = 40_000  # about 1 MB a message

FRESHNESS: dict[int, str] = {
    int(value): name.removeprefix("FRESHNESS_") for name, value in pb.Freshness.items() if value
}
REGIMES: dict[int, str] = {
    int(value): name.removeprefix("REGIME_").lower() for name, value in pb.Regime.items() if value
}


SPOTS: dict[int, str] = {
    pb.SPOT_STATUS_AGREES: "agrees",
    pb.SPOT_STATUS_STALE: STALE_SPOT,
    pb.SPOT_STATUS_THIN_QUOTES: THIN_QUOTES,
}


def chunks(asks: Sequence[Ask], most: int = MOST_ENTRIES) -> list[list[Ask]]:
    """Split questions, in order, so that no request has more than ``most`` entries, unless one question alone has."""
    found: list[list[Ask]] = []
    entries = most
    for ask in asks:
        if not found or entries + len(ask.symbols) > most:
            found.append([])
            entries = 0
        found[-1].append(ask)
        entries += len(ask.symbols)
    return found


def encode(asks: Sequence[Ask], refresh: str = "NORMAL") -> pb.BatchGetBasketsRequest:
    """Return the request for some baskets; ``refresh`` is NORMAL, FORCE or CACHE_ONLY."""
    index: dict[str, int] = {}
    offsets: list[int] = [0]
    entries: list[int] = []
    equal: list[int] = []
    weights: list[float] = []
    for i, ask in enumerate(asks):
        entries.extend([index.setdefault(symbol, len(index)) for symbol in ask.symbols])
        if ask.weights is None:
            equal.append(i)
        weights.extend((0.0,) * len(ask.symbols) if ask.weights is None else ask.weights)
        offsets.append(len(entries))
    return pb.BatchGetBasketsRequest(
        symbols=list(index),
        offsets=offsets,
        symbol_index=entries,
        weights=weights,
        equal_weight=equal,
        refresh=pb.Refresh.Value(f"REFRESH_{refresh}"),
    )


def decode(asks: Sequence[Ask], response: pb.BatchGetBasketsResponse) -> list[Reply | Problem]:
    """Return a reply or a problem for each basket; a response whose columns do not fit together is all problems."""
    try:
        return _decode(len(asks), response)
    except (IndexError, ValueError):
        return [BAD_REPLY] * len(asks)


def decode_regimes(columns: pb.RegimeColumns, client_ttl: float | None = None) -> list[Since]:
    """Return since when each basket has been in its regime. Raises ValueError where the columns do not fit together."""
    rows = zip(columns.regime, columns.since, columns.previous, columns.known_from, strict=True)
    kept = {} if client_ttl is None else {"client_ttl": client_ttl}
    return [
        Since(REGIMES.get(r, ""), since, REGIMES.get(p, ""), known, **kept) for r, since, p, known in rows
    ]


def decode_baskets_regimes(count: int, response: pb.GetRegimesResponse) -> list[Since | Problem]:
    """Return since when each basket has been in its regime, or what stands in the way."""
    try:
        found: list[Since | Problem] = [*decode_regimes(response.regimes, response.client_ttl)]
    except ValueError:
        found = []
    if len(found) != count:
        return [BAD_REPLY] * count
    for error in response.errors:
        if error.basket < count:
            found[error.basket] = _problem(error.problem)
    return found


class Changes(NamedTuple):
    """What a message of a stream says."""

    answers: dict[Ask, Reply | Problem]
    regimes: dict[Ask, Since]


def decode_watch(asks: Sequence[Ask], response: pb.WatchBasketsResponse) -> Changes:
    """Return what changed, of the questions that the stream was opened with; nothing where the message is broken."""
    try:
        changed = [asks[number] for number in response.changed]
        regimes = decode_regimes(response.regimes)
    except (IndexError, ValueError):
        return Changes({}, {})
    if len(regimes) != len(changed):
        return Changes({}, {})
    return Changes(
        dict(zip(changed, decode(changed, response.baskets), strict=True)),
        dict(zip(changed, regimes, strict=True)),
    )


def _decode(count: int, response: pb.BatchGetBasketsResponse) -> list[Reply | Problem]:
    problems = {error.basket: _problem(error.problem) for error in response.errors}
    offsets, missing_offsets = list(response.offsets), list(response.missing_offsets)
    if not len(response.baskets.gex) == len(offsets) - 1 == len(missing_offsets) - 1 == count:
        return [problems.get(i, BAD_REPLY) for i in range(count)]
    constituents = _constituents(response)
    if not offsets[-1] == len(constituents.symbol_index) or sorted(offsets) != offsets:
        raise ValueError
    lacking = [response.missing_symbols[at] for at in response.missing_index]
    said = list(response.missing_reasons)  # none at all, where there is none to give or the server is older
    reasons = [said[at] for at in response.missing_index] if said else []
    notices, origin, found = list(response.notices) or [""], response.origin, response.baskets
    replies = map(
        Reply,
        found.gex,
        found.dex,
        found.vex,
        found.chex,
        found.net_to_gross,
        found.covered_weight,
        found.negative_names,
        found.negative_weight,
        found.usable_open_interest,
        found.as_of,
        found.as_of_newest,
        found.fetched_at,
        [FRESHNESS.get(value, "") for value in found.freshness],
        found.client_ttl,
        [notices[at] for at in found.notice_index],
        repeat(origin.label or origin.source),
        repeat(origin.synthetic),
        repeat(origin.convention),
        [tuple(lacking[a:b]) for a, b in pairwise(missing_offsets)],
        [_Rows(constituents, range(a, b)) for a, b in pairwise(offsets)],
        repeat(origin.chex or "computed"),
        repeat(origin.settings_notice),
        [tuple(reasons[a:b]) for a, b in pairwise(missing_offsets)],
        found.as_of_distant or repeat(False),
        repeat(response.usable_until),
    )
    answers: list[Reply | Problem] = list(replies)
    if len(answers) != count:  # a column is short
        raise ValueError
    for at, problem in problems.items():
        if at < count:
            answers[at] = problem
    return answers


class _Constituents(NamedTuple):
    """Every basket's constituents, one after the other, as they came: in columns."""

    symbol_index: list[int]
    weights: list[float]
    contribution_pct: list[float]
    names: list[str]
    figures: list[tuple[float, ...]]
    as_of: list[float]
    freshness: list[str]
    unverified: list[bool]
    spots: list[tuple[str, float]]
    remarks: list[str]
    gross_gex: list[float]

    def row(self, at: int) -> Row:
        """Return one constituent; ``at`` counts from the first basket's first."""
        i = self.symbol_index[at]
        price, gex, dex, vex, chex = self.figures[i]
        share, as_of, freshness = self.contribution_pct[at], self.as_of[i], self.freshness[i]
        figures = (price, gex, dex, vex, chex, share)
        told = (self.unverified[i], *self.spots[i], self.remarks[i], self.gross_gex[i])
        return Row(self.names[i], self.weights[at], *figures, as_of, freshness, *told)


class _Rows(Sequence[Row]):
    """One basket's constituents, made when looked at: most cells want the total only."""

    __slots__ = ("_all", "_part")

    def __init__(self, constituents: _Constituents, part: range) -> None:
        self._all = constituents
        self._part = part

    def __len__(self) -> int:
        return len(self._part)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        found = self._part[at]
        return self._all.row(found) if isinstance(found, int) else tuple(map(self._all.row, found))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def _constituents(response: pb.BatchGetBasketsResponse) -> _Constituents:
    columns = response.symbols
    figures = zip(columns.underlying_price, columns.gex, columns.dex, columns.vex, columns.chex, strict=True)
    found = _Constituents(
        list(response.symbol_index),
        list(response.weights),
        list(response.contribution_pct),
        list(columns.symbol),
        list(figures),
        list(columns.as_of),
        [FRESHNESS.get(value, "") for value in columns.freshness],
        # A server of an earlier contract does not send these.
        list(columns.entitlement_unverified) or [False] * len(columns.symbol),
        [
            (SPOTS.get(status, ""), by)
            for status, by in zip(columns.spot_status, columns.spot_correction, strict=True)
        ]
        or [("", 0.0)] * len(columns.symbol),
        list(columns.remark) or [""] * len(columns.symbol),
        list(columns.gross_gex) or [0.0] * len(columns.symbol),
    )
    entries, symbols = len(found.symbol_index), len(found.names)
    whole = (
        len(found.weights) == len(found.contribution_pct) == entries
        and len(found.figures) == len(found.as_of) == len(found.freshness) == len(found.spots) == symbols
        and len(found.gross_gex) == symbols
        and max(found.symbol_index, default=-1) < symbols
    )
    if not whole:
        raise ValueError
    return found


def _problem(found: pb.Problem) -> Problem:
    return Problem(found.code, found.sentence, found.argument, bad_input=found.reason == "INVALID_ARGUMENT")
