"""What cells ask. A question knows the kind of its answer, so that whoever asks it gets that, or a Problem."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar

from basketgex_addin.cells.figures import Dispersion, LevelFigures, Profile, Quota, Reply, Since, Strikes
from basketgex_addin.cells.shape import ShapeServer
from basketgex_addin.cells.values import Problem

if TYPE_CHECKING:  # which reads arguments, as this is read
    from basketgex_addin.cells.hedging import Betas, Hedge, Scenario
    from basketgex_addin.cells.index_units import IndexUnits

A_co = TypeVar("A_co", covariant=True)


class Server(ShapeServer, Protocol):
    """What questions are put to: ``client.BasketClient``, which has a method for each call of the contract."""

    def basket(self, ask: Ask) -> Reply | Problem:
        """Return a basket's reply, by a call that others share."""

    def since(self, ask: Ask) -> Since | Problem:
        """Return since when a basket has been in its regime."""

    def levels(self, symbol: str) -> LevelFigures | Problem:
        """Return one underlying's levels."""

    def strikes(self, symbol: str) -> Strikes | Problem:
        """Return one underlying by strike."""

    def curve(
        self, ask: Ask, measure: str, between: tuple[float, float], levels: int, betas: Betas
    ) -> Profile | Problem:
        """Return a profile of one measure."""

    def dispersion(
        self, index: str, symbols: Sequence[str], weights: Sequence[float] | None, *, horizon: float
    ) -> Dispersion | Problem:
        """Return an index against its members."""

    def hedge(self, ask: Ask, scenarios: Sequence[Scenario], betas: Betas, *, clock: bool) -> Hedge | Problem:
        """Return what dealers of a basket must trade."""

    def betas(self, ask: Ask, betas: Betas) -> IndexUnits | Problem:
        """Return a basket in units that compare."""

    def quota(self) -> Quota | Problem:
        """Return a metered source's quota."""


class Stream(Protocol):
    """What is known of the baskets that a stream carries: ``client.Watcher``."""

    def latest(self, ask: Ask) -> Reply | Problem | None:
        """Return what it last said of a basket it carries."""

    def since(self, ask: Ask) -> Since | None:
        """Return what it last said of the regime of a basket it carries."""


class Question(ABC, Generic[A_co]):
    """A question whose answer is an A. Questions are frozen dataclasses: equal ones have one answer.

    What a dataclass is given to compare itself by they have from here: a host loads all of them to show one cell.
    """

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    from_memory: ClassVar[bool] = True
    """Whether an answer holds for a while, for everybody who asks the same."""

    def _asked(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Question) and self._asked() == other._asked()

    def __hash__(self) -> int:
        return hash((type(self), self._asked()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._asked()}"

    @abstractmethod
    def put_to(self, server: Server) -> A_co | Problem:
        """Ask it."""

    @property
    def about(self) -> Ask | None:
        """The basket that BASKETWHY is called with where it is asked about this; None where it is about none."""
        return None


class BasketQuestion(Question[A_co]):
    """A question of a basket: many of them travel in one call, a stream can carry it, and a document can foresee it."""

    __slots__ = ()

    @property
    @abstractmethod
    def basket(self) -> Ask:
        """The basket."""

    @property
    def about(self) -> Ask:
        """The basket."""
        return self.basket

    @abstractmethod
    def said_by(self, stream: Stream) -> A_co | Problem | None:
        """Return what a stream last said of it."""


@dataclass(frozen=True, slots=True)
class Ask(BasketQuestion[Reply]):
    """One basket a cell asks for: symbols as typed (trimmed, never blank), and their weights, or None: equal ones.

    Raises ValueError where there is not one weight per symbol: in a batch it would shift the others' weights.
    """

    symbols: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse what does not pair."""
        if self.weights is not None and len(self.weights) != len(self.symbols):
            raise ValueError("one weight per symbol")

    @property
    def basket(self) -> Ask:
        """This one."""
        return self

    def put_to(self, server: Server) -> Reply | Problem:
        """Ask it."""
        return server.basket(self)

    def said_by(self, stream: Stream) -> Reply | Problem | None:
        """Return what a stream last said of it."""
        return stream.latest(self)


@dataclass(frozen=True, slots=True)
class RegimesOf(BasketQuestion[Since]):
    """The question since when a basket has been in its regime."""

    ask: Ask

    @property
    def basket(self) -> Ask:
        """The basket."""
        return self.ask

    def put_to(self, server: Server) -> Since | Problem:
        """Ask it."""
        return server.since(self.ask)

    def said_by(self, stream: Stream) -> Since | Problem | None:
        """Return what a stream last said of it."""
        return stream.since(self.ask)
