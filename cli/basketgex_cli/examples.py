"""What ``--help`` shows of each command: lines that can be typed as they stand."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "source": (
        "basketgex source",
        "basketgex source sample",
        "basketgex source chain-files --folder my-chains",
    ),
    "config": ("basketgex config", "basketgex config set rate 0.05", "basketgex config unset rate"),
    "basket": (
        "basketgex basket NVDA,AMD,AVGO",
        "basketgex basket AAPL,MSFT --weights 0.6,0.4 --json",
    ),
    "watch": (
        "basketgex watch semis=NVDA,AMD,AVGO banks=JPM,BAC,C",
        "basketgex watch semis=NVDA:2,AMD:1 --pace 5 --json",
        "basketgex watch semis=NVDA,AMD --on-flip 'echo \"$ALERT_SENTENCE\" >> flips.txt' --notify",
        "basketgex watch semis=NVDA,AMD SPX --once --on-level",
    ),
    "symbol": (
        "basketgex symbol SPX --levels --per-expiry",
        "basketgex symbol SPX --chain-file spx_quotedata.csv --rate 0.05 --dividend-yield 0.013",
    ),
    "plot": (
        "basketgex plot profile SPX --range 0.9:1.1:41 -o spx.png",
        "basketgex plot basket AAPL,MSFT --weights 0.6,0.4 -o mine.svg",
    ),
    "status": ("basketgex status",),
    "doctor": ("basketgex doctor", "basketgex doctor --ask", "basketgex doctor --strict --json"),
    "quota": ("basketgex quota",),
    "key": ("basketgex key", "basketgex key set", "basketgex key set --file"),
    "stop": ("basketgex stop",),
    "token": ("basketgex token rotate",),
    "install": ("basketgex install calc --dry-run", "basketgex install calc", "basketgex install excel"),
    "uninstall": ("basketgex uninstall calc", "basketgex uninstall calc --purge"),
    "templates": ("basketgex templates --to my-sheets",),
    "demo": ("basketgex demo --out out",),
}
