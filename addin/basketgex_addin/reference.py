"""``docs/functions.md``, made from the function table: ``python -m basketgex_addin.reference`` writes it.

``--check`` says whether the committed one is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

from basketgex_addin.functions import FUNCTIONS, SYMBOLS, WEIGHTS, Function, Shape

TARGET = Path(__file__).parents[2] / "docs" / "functions.md"

_HEAD = """\
# Worksheet functions

The same in Excel and in LibreOffice Calc. Of every function, **symbols** are tickers: a range in any orientation, or a text
such as `NVDA,AMD`; **weights** are one number per ticker, on any scale, none negative; without them the names weigh equally.
Blank rows are skipped, a name that occurs twice counts with the sum of its weights, and a whole column works. Arguments in
brackets can be left out; what then holds stands behind the equals sign.

GEX is USD of dealer delta per 1 % move, DEX USD of delta, VEX USD of delta per vol point, CHEX USD of delta per calendar day.
Basket figures are weighted means of the names' own net exposures, with the weights of the names that had data adding up to 1;
`BASKETTOTAL` alone gives sums. Negative GEX: dealers' hedging amplifies moves. Under the convention `flashalpha` the other
three are plain sums over all open interest, not the dealers' of the GEX beside them; under `dealer` all four are theirs.

A cell shows a number, a text or a table, or a real error value: `#VALUE!` where the arguments make no basket, `#N/A` where
there is no answer (yet). `=BASKETWHY(symbols, [weights])` says why in a sentence.

Tables spill in an Excel with dynamic arrays. In Calc 25.2 Enter shows the first cell alone: select as many cells as the table
has and end with Ctrl+Shift+Enter, or, for `BASKET`, select the names and choose *Insert table here* in the menu Basket GEX.
"""
_SHAPES = {Shape.NUMBER: "a number", Shape.TEXT: "a text", Shape.TABLE: "a table"}


def signature(function: Function) -> str:
    """Return a function as a formula is written.

    >>> signature(FUNCTIONS[0])
    'BASKETGEX(symbols, [weights]=equal)'
    """
    arguments = (f"[{a.name}]={a.default}" if a.optional else a.name for a in function.arguments)
    return f"{function.name}({', '.join(arguments)})"


def markdown() -> str:
    """Return the reference."""
    return "\n".join([_HEAD, *map(_entry, FUNCTIONS)])


def _entry(function: Function) -> str:
    lines = [
        f"## {function.name}\n",
        f"`={signature(function)}` gives {_SHAPES[function.shape]}.\n",
        function.summary,
    ]
    if function.kind.cost:
        lines.append(f"\n{function.kind.cost}")
    own = [argument for argument in function.arguments if argument not in (SYMBOLS, WEIGHTS)]
    if own:
        lines.append("")
        lines += [f"- **{argument.name}**: {argument.help}" for argument in own]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write the reference, or with ``--check`` compare it; 1 where it is not current."""
    text = markdown()
    if arguments != ["--check"]:
        TARGET.write_text(text, "utf-8", newline="\n")
        return 0
    if TARGET.exists() and TARGET.read_text("utf-8") == text:
        return 0
    sys.stderr.write(
        f"{TARGET.name} is not what the function table says: run make functions and commit it.\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
