"""What docs/method.md says of other tools: their published figures come out, and the document has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from basketgex_server.exposure.symbol import exposure
from basketgex_server.sources.files.folder import read_chain
from tools.method_american import early_exercise
from tools.method_peers import CHAINS, peers, vendor_of
from tools.method_ways import FILES, TERMS, terms_of

TEXT = (Path(__file__).parents[2] / "docs" / "method.md").read_text("utf-8")
PUBLISHED = {
    "SPX 2022-12-12": (
        -1_075.1568923,
        -1_075.1568923,
        2_279.1148859,
        4_883.1971284,
        -2_408.1305332,
        3_998.46,
    ),
    "RUT 2023-09-20": (-1_253.1370364, -1_270.0006176, -135.9336881, 94.4070055, -34.5818749, 1_909.22),
    "NDX 2022-12-12": (1_087.5414956, 1_087.5414956, 8.1783434, 99.5417601, -50.8982890, 5_972.12),
}
"""As gflows and gex-tracker print them, in USD million, and where their first flip is."""


SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "chains"
needs_chains = pytest.mark.skipif(not SHARED.is_dir(), reason="no real market data: ../shared/data is absent")


@needs_chains
@pytest.mark.parametrize("name", CHAINS)
def test_the_figures_of_other_tools_come_out(name: str) -> None:
    path = SHARED / FILES[name]
    rows = peers(read_chain(path, name.partition(" ")[0]), vendor_of(path), TERMS)
    assert [row[0] for row in rows] == ["GEX", "GEX", "DEX", "VEX", "CHEX", "flip"]
    found = [
        there if measure == "flip" else there / 1e6 for measure, _, _, there in rows if there is not None
    ]
    assert found == pytest.approx(PUBLISHED[name], rel=2e-6)
    for measure, choice, _, there in rows:
        shown = f"{there:,.2f}" if measure == "flip" else f"{(there or 0) / 1e6:,.1f}".replace("-", "−")
        (line,) = (x for x in TEXT.splitlines() if x.startswith(f"| {measure} | {choice} | {name} |"))
        assert line.endswith(f"| {shown} |")


@needs_chains
def test_early_exercise_is_of_puts_where_nothing_is_paid() -> None:
    chain = read_chain(SHARED / FILES["AAPL 2026-07-10"], "AAPL")
    terms = terms_of(chain)
    calls, puts = chain.only(chain.is_call), chain.only(~chain.is_call & (chain.strike > chain.spot))
    found = [exposure(part, *terms) for part in (calls, puts)]
    assert terms.dividend_yield == 0.0 and found[0] and found[1]
    assert early_exercise(calls, terms).tolist() == list(found[0].net)
    right = early_exercise(puts, terms, largest=20)
    assert right[1] < found[1].net.dex < 0  # what can be exercised now is worth more as spot falls
    assert abs(right[1] / found[1].net.dex - 1) < 0.2


def test_the_document_says_what_was_measured_of_early_exercise() -> None:
    assert "−48.8 %" in next(line for line in TEXT.splitlines() if line.startswith("| a flat q of 6.5 %"))
    assert TEXT.count("| early exercise ignored | the right to it |") == 4


def test_the_document_says_that_the_sign_contradicts_itself() -> None:
    assert "contradicts itself on the sign" in TEXT
