"""``basketgex demo``: the sector scanner on the embedded sample, through a real server and, where there is one, a real Calc."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import openpyxl

from basketgex.home import Home
from basketgex_addin.calc.driver import DriverError, Office, recalculate_and_store
from basketgex_addin.calc.install import find_soffice
from basketgex_addin.cells import Ask, Reply
from basketgex_addin.menu import counted
from basketgex_cli import templates as template_command
from basketgex_cli.context import client_of, unwrap
from basketgex_cli.home import end_server
from basketgex_cli.render import amount, new_york_text, regime_words
from basketgex_cli.terminal import Column, busy, print_table
from basketgex_server.command_line import Commands, add_command
from basketgex_server.errors import BadSettings
from basketgex_server.settings import change_config

SCANNER = "sector_scanner"
OURS = "workbooks.sha256"
"""What demos wrote into their folder, a line each."""
_CROP = ("-r", "150", "-x", "195", "-y", "48", "-W", "1365", "-H", "1115")  # the page without its empty rest
_FIRST_ROW, _NAMES, _WEIGHTS, _SEATS = 6, 3, 19, 15  # of the template's sheet Members, counted from 1


COLUMNS = (
    Column("sector", 26, left=True),
    *(Column(name, 12) for name in ("GEX", "DEX", "VEX", "CHEX")),
    *(Column("net/gross", 11), Column("negative", 10), Column("regime, drivers", left=True, gap="  ")),
)


def add_parser(commands: Commands) -> None:
    """Add the command and its options."""
    demo = add_command(
        commands,
        "demo",
        "fill the sector scanner on the embedded sample",
        ("basketgex demo --out out",),
        _run,
    )
    demo.add_argument(
        "--out", type=Path, default=Path("out"), metavar="FOLDER", help="where to; out if not given"
    )


def _run(home: Home, chosen: argparse.Namespace) -> None:
    demo(chosen.out)


def demo(out: Path) -> None:
    """Fill the sector scanner in ``out``, print its table, end the server that it took."""
    out.mkdir(parents=True, exist_ok=True)
    home = Home((out / "home").absolute())
    change_config(home.config_file, source="sample")
    client = client_of(home)
    try:
        template = template_command.source(SCANNER)
        with busy("Filling the workbook in LibreOffice Calc"):
            filled = _fill(template, out, home)
        with busy("Asking for the table"):
            sectors = dict(_sectors(template))
            replies = [unwrap(answer) for answer in client.ask_many(list(sectors.values()))]
            status = unwrap(client.status())
        _print_table(sectors, replies)
        print(
            f"\n{counted(status.baskets, 'basket')} in {counted(status.requests, 'request')} took "
            f"{counted(status.source_calls, 'source call')}: "
            f"{counted(status.debits_total, 'debit')} so far in this home."
        )
        for line in filled:
            print(line)
        print("basketgex web opens a workbook in the browser, without a spreadsheet program.")
    finally:
        client.close()
        end_server(home)


def _fill(template: Path, out: Path, home: Home) -> list[str]:
    """Open the template in Calc, store what it computed and a picture of it; return what was done or is missing."""
    soffice = find_soffice()
    if soffice is None:
        return [
            "LibreOffice is not installed: the workbook was not filled. Install LibreOffice 25.2 or later and run again."
        ]
    office = Office(soffice, (out / "office").absolute(), home.path)
    workbook = _mine(out / template.name, out / "office" / OURS)
    pdf = workbook.with_suffix(".pdf")
    try:
        recalculate_and_store(office, template.absolute(), workbook.absolute(), pdf.absolute())
    except DriverError as error:
        raise BadSettings(str(error)) from error
    with (out / "office" / OURS).open("a") as ours:
        ours.write(f"{_digest(workbook)}\n")
    return [f"Filled workbook: {workbook}", _picture(pdf)]


def _mine(wanted: Path, ours: Path) -> Path:
    """Return where the workbook goes: never over one that is not as an earlier demo left it, since somebody works in it."""
    known = ours.read_text().split() if ours.exists() else []
    names = template_command.free_names(wanted)
    return next(path for path in names if not path.exists() or _digest(path) in known)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _picture(pdf: Path) -> str:
    pdftoppm = shutil.which("pdftoppm")
    if pdftoppm is None:
        return f"Picture: {pdf} (install poppler-utils for a PNG)"
    picture = pdf.with_suffix(".png")
    command = [pdftoppm, "-png", *_CROP, "-singlefile", str(pdf), str(picture.with_suffix(""))]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the program that was found
    except (OSError, subprocess.CalledProcessError):
        return f"Picture: {pdf} (pdftoppm could not make a PNG of it)"
    return f"Picture: {picture}"


def _print_table(sectors: Iterable[str], replies: Sequence[Reply]) -> None:
    print_table(COLUMNS, (_row(sector, reply) for sector, reply in zip(sectors, replies, strict=True)))
    newest = replies[-1]
    kind = "SYNTHETIC figures" if newest.synthetic else "figures"
    print(f"\n{kind}: {newest.source}, as of {new_york_text(newest.as_of)}, convention {newest.convention}.")


def _row(sector: str, reply: Reply) -> tuple[str, ...]:
    figures = map(amount, (reply.gex, reply.dex, reply.vex, reply.chex))
    breadth = f"{reply.negative_names} of {len(reply.rows)}"
    regime = f"{regime_words(reply.gex, reply.near_flip)}, {_drivers(reply)}"
    return sector, *figures, f"{reply.net_to_gross:+.0%}", breadth, regime


def _drivers(reply: Reply) -> str:
    rows = sorted(reply.rows, key=lambda r: -r.contribution_pct)[:3]
    return ", ".join(f"{r.symbol} {100 * r.signed_share:+.0f} %" for r in rows)


def _sectors(template: Path) -> Iterator[tuple[str, Ask]]:
    book = openpyxl.load_workbook(template, read_only=True)
    try:
        for cells in book["Members"].iter_rows(min_row=_FIRST_ROW, min_col=2, values_only=True):
            sector, row = cells[0], (None, *cells)
            pairs = [
                (row[_NAMES - 1 + i], row[_WEIGHTS - 1 + i]) for i in range(_SEATS) if row[_NAMES - 1 + i]
            ]
            if sector and pairs:
                yield (
                    str(sector),
                    Ask(tuple(str(s) for s, _ in pairs), tuple(float(str(w or 0)) for _, w in pairs)),
                )
    finally:
        book.close()
