"""From the formulas of a document to the baskets it is about to ask for, pure.

Only what stands in the sheet as a constant is asked ahead: a call with a computed argument makes its own call later, and
the names that are known already ride along. Columns and rows count from 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from basketgex_addin.cells import Ask, BasketQuestion, Block
from basketgex_addin.functions import BY_NAME

LAST_COLUMN, LAST_ROW = 16_383, 1_048_575
MOST_RIDING = 1_000  # as many names as a basket may have


@dataclass(frozen=True, slots=True)
class RangeRef:
    """A range by its corners, (column, row), both inside; ``sheet`` is None for the formula's own."""

    sheet: str | None
    first: tuple[int, int]
    last: tuple[int, int]
    text: str


class Name(str):
    """A defined name, or a table's column such as ``Picks[Symbol]``, as the formula writes it."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The name itself."""
        return str(self)


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant in the formula."""

    value: str | float | bool


@dataclass(frozen=True, slots=True)
class Omitted:
    """An argument left empty."""


@dataclass(frozen=True, slots=True)
class Computed:
    """Anything that only the host can evaluate."""


Argument = RangeRef | Name | Literal | Omitted | Computed


@dataclass(frozen=True, slots=True)
class Call:
    """One of our functions in a formula, by its name in capitals."""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Partial:
    """A range that holds formulas: its constants, and None elsewhere."""

    block: Block


Foreseen = BasketQuestion[object]
Asked = tuple[str, tuple[Block | None, ...] | None]
"""A function's name and the cells of its arguments; None where they are not known without the host."""
Read = Callable[[RangeRef], Block | Partial | None]
Resolve = Callable[[Name], RangeRef | str | None]


def calls(formula: str) -> tuple[Call, ...]:
    """Return our functions' calls in a formula as a host writes it, inner ones first. Never raises.

    >>> calls('=IF(A1>0, BASKETREGIME("NVDA,AMD"), "")')
    (Call(name='BASKETREGIME', arguments=(Literal(value='NVDA,AMD'),)),)
    """
    if not any(start in formula.upper() for start in _STARTS):
        return ()
    found: list[Call] = []
    frames: list[_Frame] = []
    word = ""
    for token in _TOKEN.finditer(formula):
        text, kind = token[0], token.lastgroup
        if kind == "open":
            frames.append(_Frame(text, _function(word) if text == "(" else "", token.end()))
        elif kind == "close":
            if frames and frames[-1].opening == _PAIRS[text]:
                frame = frames.pop()
                if frame.name:
                    frame.part(formula, token.start())
                    found.append(frame.call())
        elif kind == "separator" and frames and frames[-1].name:
            frames[-1].part(formula, token.start())
            frames[-1].begin = token.end()
        word = text if kind == "word" else ""
    return tuple(found)


def reference(text: str) -> RangeRef | None:
    """Return the range that a text refers to, in Excel's spelling or in Calc's; None where it refers to none.

    >>> reference("$'My Sheet'.$A$1:.B3")
    RangeRef(sheet='My Sheet', first=(0, 0), last=(1, 2), text="$'My Sheet'.$A$1:.B3")
    """
    match = _REFERENCE.fullmatch(text.strip())
    if match is None:
        return None
    sheet, again = _sheet(match["sheet"]), _sheet(match["again"])
    if again not in (None, sheet) or (sheet or "").startswith("["):
        return None
    if match["column"]:
        corners = ((_column(match["column"]), 0), (_column(match["column2"]), LAST_ROW))
    elif match["line"]:
        corners = ((0, int(match["line"]) - 1), (LAST_COLUMN, int(match["line2"]) - 1))
    else:
        corner = (_column(match["c1"]), int(match["r1"]) - 1)
        corners = (corner, (_column(match["c2"]), int(match["r2"]) - 1) if match["c2"] else corner)
    columns, rows = zip(*corners, strict=True)
    if max(columns) > LAST_COLUMN or max(rows) > LAST_ROW:
        return None
    return RangeRef(sheet, (min(columns), min(rows)), (max(columns), max(rows)), text.strip())


def asks(found: Sequence[Call], read: Read, name: Resolve) -> list[Foreseen]:
    """Return what some calls are about to ask for, each once, and last the names that ride along.

    ``read`` gives a range's cells, a Partial where it holds formulas, or None where it cannot tell; ``name`` gives what
    a name refers to. Calls that cannot be foreseen, and those with bad input, are passed over.
    """
    wanted: dict[Foreseen, None] = {}
    for call in _asking(found):
        arguments = _arguments(call, read, name)
        if not any(isinstance(argument, Computed | Partial) for argument in arguments):
            given = [argument if isinstance(argument, tuple) else None for argument in arguments]
            if (question := BY_NAME[call.name].foreseen(given)) is not None:
                wanted[question] = None
    riding = ride_along(found, read, name)
    if riding is not None:
        wanted.setdefault(riding)
    return list(wanted)


def explained(formula: str, read: Read, name: Resolve) -> list[Asked]:
    """Return our functions' calls in a formula, inner ones first, each with the cells of its arguments.

    Without arguments where one of them is a formula of its own, which only the host can evaluate.
    """
    found: list[Asked] = []
    for call in calls(formula):
        blocks = [_block(argument, read, name) for argument in call.arguments]
        known = not any(isinstance(block, Computed | Partial) for block in blocks)
        given = tuple(block if isinstance(block, tuple) else None for block in blocks)
        found.append((call.name, given if known else None))
    return found


def ride_along(found: Sequence[Call], read: Read, name: Resolve) -> Ask | None:
    """Return one basket, its answer of no use to a cell, of the names known in calls that cannot be foreseen whole."""
    riding: dict[str, None] = {}
    for call in _asking(found):
        symbols, weights = _arguments(call, read, name)
        block = symbols.block if isinstance(symbols, Partial) else symbols
        if isinstance(block, tuple) and (
            isinstance(symbols, Partial) or isinstance(weights, Computed | Partial)
        ):
            riding.update(dict.fromkeys(_tickers(block)))
    return Ask(tuple(riding)[:MOST_RIDING]) if riding else None


def _arguments(call: Call, read: Read, name: Resolve) -> list[Block | Partial | Omitted | Computed]:
    """Return what is known of a call's symbols and weights."""
    given = call.arguments[: 2 if BY_NAME[call.name].weighs else 1]
    return [_block(argument, read, name) for argument in (*given, Omitted(), Omitted())[:2]]


class _Frame:
    """An opened bracket; ``name`` is our function's, or empty."""

    __slots__ = ("arguments", "begin", "name", "opening")

    def __init__(self, opening: str, name: str, begin: int) -> None:
        self.opening, self.name, self.begin = opening, name, begin
        self.arguments: list[Argument] = []

    def part(self, formula: str, end: int) -> None:
        self.arguments.append(_argument(formula[self.begin : end].strip()))

    def call(self) -> Call:
        alone = len(self.arguments) == 1 and isinstance(self.arguments[0], Omitted)
        return Call(self.name, () if alone else tuple(self.arguments))


_PAIRS = {")": "(", "}": "{", "]": "["}
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"]|"")*(?:"|$))|(?P<quoted>'(?:[^']|'')*(?:'|$))|(?P<word>[\w.\\]+)"""
    r"""|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<separator>[,;])|(?P<other>[^\w.\\"'(){}\[\],;]+)""",
    re.DOTALL,
)
_SHEET = r"\$?(?:'(?:[^']|'')+'|\w+)\.|(?:'(?:[^']|'')+'|[\w.]+)!|\."
_REFERENCE = re.compile(
    rf"(?P<sheet>{_SHEET})?"
    r"(?:\$?(?P<column>[A-Z]{1,3}):\$?(?P<column2>[A-Z]{1,3})"
    r"|\$?(?P<line>[1-9][0-9]{0,6}):\$?(?P<line2>[1-9][0-9]{0,6})"
    r"|\$?(?P<c1>[A-Z]{1,3})\$?(?P<r1>[1-9][0-9]{0,6})"
    rf"(?::(?P<again>{_SHEET})?\$?(?P<c2>[A-Z]{{1,3}})\$?(?P<r2>[1-9][0-9]{{0,6}}))?)",
    re.IGNORECASE,
)
_STRING = re.compile(r'"((?:[^"]|"")*)"', re.DOTALL)
_NUMERAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_BOOLEAN = re.compile(r"(TRUE|FALSE)(?:\(\))?", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d][\w.\\]*(?:\[[^\[\]@#]+\])?")
_PLAUSIBLE = re.compile(r"[\^$_]?[A-Z0-9]{1,10}(?:[./-][A-Z0-9]{1,3})?(?: US(?: EQUITY)?)?", re.IGNORECASE)


_STARTS = tuple({name[:6] for name in BY_NAME})


def _function(word: str) -> str:
    name = word.rpartition(".")[2].upper()
    return name if name in BY_NAME else ""


def _argument(text: str) -> Argument:
    if not text:
        return Omitted()
    if match := _STRING.fullmatch(text):
        return Literal(match[1].replace('""', '"'))
    if _NUMERAL.fullmatch(text):
        return Literal(float(text))
    if match := _BOOLEAN.fullmatch(text):
        return Literal(match[1].upper() == "TRUE")
    if (found := reference(text)) is not None:
        return found
    return Name(text) if _NAME.fullmatch(text) else Computed()


def _sheet(text: str | None) -> str | None:
    plain = (text or "")[:-1].removeprefix("$")
    return (plain[1:-1].replace("''", "'") if plain[:1] == "'" else plain) or None


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _asking(found: Iterable[Call]) -> Iterable[Call]:
    return (call for call in found if BY_NAME[call.name].kind.foreseeable)


def _block(argument: Argument, read: Read, name: Resolve) -> Block | Partial | Omitted | Computed:
    if isinstance(argument, Name):
        resolved = name(argument)
        argument = (reference(resolved) if isinstance(resolved, str) else resolved) or Computed()
    if isinstance(argument, RangeRef):
        block = read(argument)
        return Computed() if block is None else block
    if isinstance(argument, Literal):
        return ((argument.value,),)
    return argument


def _tickers(block: Block) -> Iterable[str]:
    texts = [cell for row in block for cell in row if isinstance(cell, str)]
    if len(texts) == 1:
        texts = re.split("[,;]", texts[0])
    return (text.strip() for text in texts if _PLAUSIBLE.fullmatch(text.strip()))
