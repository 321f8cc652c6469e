"""The gRPC door: messages in, messages out, every error a status with a sentence.

One file, since every method of the contract is one here, in the contract's order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import unquote

import grpc
import grpc.aio

from basketgex.v1 import exposure_pb2 as pb
from basketgex_server.addresses import is_loopback
from basketgex_server.api.offers import universe
from basketgex_server.api.reply_cache import ReplyCache
from basketgex_server.api.rpc import chain_replies, messages, requests
from basketgex_server.api.rpc.refusals import refuse
from basketgex_server.api.rpc.shape_calls import ShapeCalls
from basketgex_server.api.rpc.status import Served, get_status
from basketgex_server.api.rpc.watch import Watches
from basketgex_server.dispatch.batch.choose import SHORT, answer_batch, answer_one
from basketgex_server.dispatch.dispatcher import Dispatcher, fault
from basketgex_server.dispatch.lookups import Refresh
from basketgex_server.dispatch.patience import patience
from basketgex_server.dispatch.queries import find_dispersion, find_levels_or_last, find_symbol
from basketgex_server.dispatch.regime_tracker import Regimes
from basketgex_server.dispatch.sessions import session_ends
from basketgex_server.dispatch.snapshots import SHORT_TTL
from basketgex_server.domain import Origin
from basketgex_server.errors import (
    BasketgexError,
    Internal,
    NotEntitled,
)
from basketgex_server.settings import Settings
from basketgex_server.tickers import ticker

LOG = logging.getLogger(__name__)
Reply = TypeVar("Reply")

if TYPE_CHECKING:
    from basketgex.home_settings import HomeSettings
    from basketgex_server.api.rpc.hedges import Asking

    Context = grpc.aio.ServicerContext[Any, Any]  # generic for the type checker only


class SettingsDesk(Protocol):
    """What the door needs of who keeps the settings."""

    async def described(self, *, key: bool) -> HomeSettings:
        """Return the settings as they are in force, and where the key is, if that is wanted."""

    async def change(self, values: Mapping[str, str], unset: Sequence[str], key: str | None) -> HomeSettings:
        """Change and heed settings, and return what they are then. Raises what stands in the way; then nothing is changed."""


class ExposureServicer(ShapeCalls):
    """Serves the contract from a dispatcher. ``stop`` ends the server; ``now`` gives Unix seconds.

    What few ask for is loaded when it is asked for: a spreadsheet waits for the start.
    ``notice`` is what a person should know of the settings: it goes with every reply that has an origin.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        settings: Settings,
        compute: Executor,
        now: Callable[[], float],
        stop: Callable[[], None],
        desk: SettingsDesk,
    ) -> None:
        self._compute = compute
        self._now = now
        self._stop = stop
        self._desk = desk
        self._notice = ""
        self._dispatcher, self._settings, self._warm, self._regimes = self._over(dispatcher, settings)
        self._watches = Watches(
            dispatcher,
            self._regimes,
            most=settings.max_symbols,
            compute=compute,
            timeout=settings.request_timeout,
            sent=self._sent,
            now=now,
        )
        self._started_at = now()
        self._requests = 0
        self._waiting = 0
        self._baskets = 0

    def adopt(self, dispatcher: Dispatcher, settings: Settings) -> None:
        """Serve from another dispatcher, and by other settings: what is under way ends as it began, streams go on."""
        self._dispatcher, self._settings, self._warm, self._regimes = self._over(dispatcher, settings)
        self._watches.adopt(
            dispatcher, self._regimes, most=settings.max_symbols, timeout=settings.request_timeout
        )

    def _over(
        self, dispatcher: Dispatcher, settings: Settings
    ) -> tuple[Dispatcher, Settings, ReplyCache[pb.GetBasketResponse], Regimes]:
        regimes = Regimes(dispatcher, self._compute, settings.max_symbols)
        return dispatcher, settings, ReplyCache(dispatcher, self._now), regimes

    def tell(self, notice: str) -> None:
        """Let every reply say something of the settings, or nothing any more."""
        self._notice = self._watches.notice = notice

    @property
    def watches(self) -> Watches:
        """The streams that are open."""
        return self._watches

    async def GetBasket(self, request: pb.GetBasketRequest, context: Context) -> pb.GetBasketResponse:  # noqa: N802
        """Answer one basket."""

        async def work() -> pb.GetBasketResponse:
            self._baskets += 1
            refresh = requests.refresh(request.refresh)
            key = request.SerializeToString() if refresh is Refresh.NORMAL else b""
            if (warm := self._warm.get(key)) is not None:
                return warm
            question = requests.asked(request, self._settings.max_symbols)
            answer = await answer_one(self._dispatcher, question, refresh, self._time_left(context))
            self._dispatcher.answered([len(question.symbols)])
            reply = messages.basket_reply(answer)
            if key:
                self._warm.keep(key, answer, reply)
            return reply

        return await self._guarded(context, work)

    async def BatchGetBaskets(  # noqa: N802
        self, request: pb.BatchGetBasketsRequest, context: Context
    ) -> pb.BatchGetBasketsResponse:
        """Answer a sheet's baskets."""

        async def work() -> pb.BatchGetBasketsResponse:
            batch = requests.batch(request)
            self._baskets += len(batch)
            answer = await answer_batch(
                self._dispatcher,
                batch,
                requests.refresh(request.refresh),
                most=self._settings.max_symbols,
                compute=self._compute,
                timeout=self._time_left(context),
            )
            self._dispatcher.answered(int(b) - int(a) for a, b in pairwise(batch.offsets))
            return await self._built(batch.size, messages.batch_reply, answer)

        return await self._guarded(context, work)

    async def GetSymbol(self, request: pb.GetSymbolRequest, context: Context) -> pb.GetSymbolResponse:  # noqa: N802
        """Answer one underlying."""

        async def work() -> pb.GetSymbolResponse:
            symbol = ticker(request.symbol)
            found, lookup = await find_symbol(
                self._dispatcher,
                symbol,
                refresh=requests.refresh(request.refresh),
                strikes=request.per_strike or request.per_expiry,
                timeout=self._time_left(context),
            )
            reply = messages.symbol_reply(found, lookup, request.per_strike, request.per_expiry)
            if request.levels:
                before = self._dispatcher.counts.debits
                known, notice = await find_levels_or_last(
                    self._dispatcher, symbol, timeout=self._time_left(context)
                )
                reply.levels.CopyFrom(messages.levels(known))
                if notice:
                    reply.notice = reply.notice or notice
                    reply.client_ttl = min(reply.client_ttl, SHORT_TTL)
                reply.near_flip |= reply.levels.near_flip
                reply.debits += max(self._dispatcher.counts.debits - before, 0)
            return reply

        return await self._guarded(context, work, lambda argument: argument and "symbol")

    async def GetProfile(self, request: pb.GetProfileRequest, context: Context) -> pb.GetProfileResponse:  # noqa: N802
        """Answer with a profile over spot prices."""
        from basketgex_server.api.rpc import profiles

        return await self._guarded(context, lambda: profiles.get_profile(request, self._asking(context)))

    async def GetDispersion(  # noqa: N802
        self, request: pb.GetDispersionRequest, context: Context
    ) -> pb.GetDispersionResponse:
        """Answer with an index against its members."""

        async def work() -> pb.GetDispersionResponse:
            index, horizon = ticker(request.index, "index"), requests.horizon(request)
            weights = list(request.weights) if request.weights else None
            members = requests.asked(request, self._settings.max_symbols)
            source = self._dispatcher.source
            found = await find_dispersion(source, index, members, horizon, timeout=self._time_left(context))
            origin = source.origin()
            return chain_replies.dispersion_reply(
                found.comparison, weights, found.failed, self._ttl(origin), origin
            )

        return await self._guarded(context, work)

    async def GetHedge(self, request: pb.GetHedgeRequest, context: Context) -> pb.GetHedgeResponse:  # noqa: N802
        """Answer with what dealers must trade."""
        from basketgex_server.api.rpc import hedges

        return await self._guarded(
            context, lambda: hedges.get_hedge(request, self._asking(context), self._dispatcher)
        )

    async def BatchGetHedges(  # noqa: N802
        self, request: pb.BatchGetHedgesRequest, context: Context
    ) -> pb.BatchGetHedgesResponse:
        """Answer likewise for many baskets."""
        from basketgex_server.api.rpc import hedges

        return await self._guarded(
            context, lambda: hedges.get_hedges(request, self._asking(context), self._dispatcher)
        )

    async def GetBetas(self, request: pb.GetBetasRequest, context: Context) -> pb.GetBetasResponse:  # noqa: N802
        """Answer with a basket in units that compare."""
        from basketgex_server.api.rpc import betas

        return await self._guarded(context, lambda: betas.get_betas(request, self._asking(context)))

    async def WatchBaskets(  # type: ignore[override]  # noqa: N802 - a stream may be written to: then it ends when cancelled
        self, request: pb.WatchBasketsRequest, context: Context
    ) -> None:
        """Send baskets as they change."""
        await self._guarded(context, lambda: self._watches.stream(request, context.write), _of_baskets)

    async def GetRegimes(self, request: pb.GetRegimesRequest, context: Context) -> pb.GetRegimesResponse:  # noqa: N802
        """Tell since when baskets have been in their regime."""

        async def work() -> pb.GetRegimesResponse:
            batch = requests.batch(request.baskets)
            asked = await self._regimes.prepare(batch)
            ttl = await self._regimes.ttl(asked, self._settings.client_ttl)
            standings = await self._regimes.standings(asked)
            return await self._built(batch.size, messages.regimes_reply, standings, asked.errors, ttl)

        return await self._guarded(context, work, _of_baskets)

    async def ListSymbols(self, request: pb.ListSymbolsRequest, context: Context) -> pb.ListSymbolsResponse:  # noqa: N802
        """Name the symbols that there are."""

        async def work() -> pb.ListSymbolsResponse:
            known = await universe(self._dispatcher)
            return pb.ListSymbolsResponse(
                symbols=known.symbols, complete=known.complete, origin=messages.origin(known.origin)
            )

        return await self._guarded(context, work)

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:  # noqa: N802
        """Tell what serves, and what it has spent."""

        served = Served(self._started_at, self._requests, self._baskets, len(self._watches))
        return await self._guarded(
            context,
            lambda: get_status(self._dispatcher, served, reconcile=request.reconcile),
            counted=False,
        )

    async def GetSettings(self, request: pb.GetSettingsRequest, context: Context) -> pb.GetSettingsResponse:  # noqa: N802
        """Tell the settings."""

        async def work() -> pb.GetSettingsResponse:
            _refuse_strangers(context)
            return pb.GetSettingsResponse(
                settings=messages.settings(await self._desk.described(key=request.key))
            )

        return await self._guarded(context, work, counted=False)

    async def ChangeSettings(  # noqa: N802
        self, request: pb.ChangeSettingsRequest, context: Context
    ) -> pb.ChangeSettingsResponse:
        """Change settings."""

        async def work() -> pb.ChangeSettingsResponse:
            _refuse_strangers(context)
            key = request.flashalpha_key if request.HasField("flashalpha_key") else None
            found = await self._desk.change(dict(request.values), list(request.unset), key)
            return pb.ChangeSettingsResponse(settings=messages.settings(found))

        return await self._guarded(context, work, counted=False)

    async def Shutdown(self, request: pb.ShutdownRequest, context: Context) -> pb.ShutdownResponse:  # noqa: N802
        """Drain and end the server; this reply is among the last."""
        self._stop()
        return pb.ShutdownResponse()

    async def _built(self, size: int, build: Callable[..., Reply], *values: Any) -> Reply:
        """Build a reply, a large one on the compute thread: others are answered meanwhile."""
        if size <= SHORT:
            return build(*values)
        return await asyncio.get_running_loop().run_in_executor(self._compute, build, *values)

    def _asking(self, context: Context) -> Asking:
        from basketgex_server.api.rpc.hedges import Asking

        source, time_left = self._dispatcher.source, self._time_left(context)
        return Asking(source, self._settings.max_symbols, time_left, self._ttl(source.origin()))

    def _ttl(self, origin: Origin) -> float:
        s = self._settings
        return s.client_ttl if origin.historical else min(s.client_ttl, s.refresh_after)

    def _sent(self, sizes: list[int]) -> None:
        self._baskets += len(sizes)
        self._dispatcher.answered(sizes)

    def _time_left(self, context: Context) -> float:
        left = context.time_remaining()
        return self._settings.request_timeout if left is None else patience(left, self._waiting)

    async def _guarded(
        self,
        context: Context,
        work: Callable[[], Awaitable[Reply]],
        field: Callable[[str], str] = str,
        counted: bool = True,
    ) -> Reply:
        """Answer, or end the call; ``field`` tells what the request calls the argument of an error."""
        self._requests += counted
        self._waiting += 1
        try:
            reply = await work()
            if (origin := getattr(reply, "origin", None)) is not None:
                origin.settings_notice = self._notice
                if counted and not origin.historical:
                    origin.usable_until = session_ends(self._now())
            return reply
        except BasketgexError as error:
            refused = error
        except Exception as error:  # noqa: BLE001 - whatever it is, its text stays here
            LOG.error("A request failed: %s.", fault(error))
            refused = Internal()
        finally:
            self._waiting -= 1
        return await refuse(context, refused, field(refused.argument), self._now())


def _of_baskets(argument: str) -> str:
    return argument and f"baskets.{argument}"


def _refuse_strangers(context: Context) -> None:
    """Refuse callers of other machines, whatever their token: what a server reads and where it sends its key is not theirs."""
    if not _is_of_this_machine(context.peer()):
        raise NotEntitled("Settings are a matter of the server's own machine: run basketgex config there.")


def _is_of_this_machine(peer: str) -> bool:
    """Tell whether grpc's name of a caller is one of loopback.

    >>> [_is_of_this_machine(p) for p in ("ipv4:127.0.0.1:50", "ipv6:%5B::1%5D:50", "ipv4:192.0.2.1:50")]
    [True, True, False]
    """
    kind, _, address = unquote(peer).partition(":")
    return kind == "unix" or (
        kind in ("ipv4", "ipv6") and is_loopback(address.rpartition(":")[0].strip("[]"))
    )
