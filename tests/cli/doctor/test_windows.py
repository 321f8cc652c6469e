"""What of Windows and Excel stands in the add-in's way, each with a registry and files that say so."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from basketgex.home import Home
from basketgex_addin.excel.install import DLLS, ExcelProfile
from basketgex_cli.doctor import windows
from basketgex_cli.doctor.command import CHECKS
from basketgex_cli.doctor.report import ATTENTION, ELSEWHERE, FAULT, OK, Facts, Finding
from basketgex_cli.doctor.windows import Windows, problems, summed

BY_HAND = r"Software\Microsoft\Office\16.0\Excel\Security"
BY_POLICY = r"Software\Policies\Microsoft\Office\16.0\Excel\Security"
TRUSTED = r"\Trusted Locations"
Values = Mapping[tuple[str, str, str], object]


@pytest.fixture
def profile(tmp_path: Path) -> ExcelProfile:
    found = ExcelProfile(tmp_path / "user", tmp_path / "Roaming", tmp_path / "basketgex/python/pythonw.exe")
    for folder in (found.user / "Documents", found.add_in.parent, found.python.parent):
        folder.mkdir(parents=True)
    found.add_in.touch()
    found.python.with_name(DLLS[0]).touch()
    return found


def looked(
    profile: ExcelProfile, values: Values | None = None, marks: Mapping[Path, str] | None = None
) -> list[Finding]:
    known = values or {}
    given = Windows(
        lambda root, key, name: known.get((root, key, name)), (marks or {}).get, profile, "cp1252"
    )
    return list(problems(given))


def test_nothing_stands_in_the_way(profile: ExcelProfile) -> None:
    assert looked(profile) == []
    assert summed([]).state == OK


@pytest.mark.parametrize(
    ("mark", "is_blocked"),
    [
        ("[ZoneTransfer]\r\nZoneId=3\r\nHostUrl=https://example.org/\r\n", True),
        ("[ZoneTransfer]\nZoneId=4\n", True),
        ("[ZoneTransfer]\nzoneid = 3", True),
        ("[ZoneTransfer]\nZoneId=1\n", False),
        ("[ZoneTransfer]\nZoneId=2\n", False),
        ("[ZoneTransfer]\nZoneId=x\n", False),
        ("", False),
    ],
)
def test_a_file_from_the_internet(profile: ExcelProfile, mark: str, is_blocked: bool) -> None:
    for path in (profile.add_in, profile.python.with_name(DLLS[0])):
        found = looked(profile, marks={path: mark})
        assert [(f.state, str(path) in f.found) for f in found] == ([(FAULT, True)] if is_blocked else [])


def test_a_template_that_opens_in_protected_view(profile: ExcelProfile) -> None:
    book = profile.user / "Documents/sector_scanner 2.xlsx"
    book.touch()
    (found,) = looked(profile, marks={book: "[ZoneTransfer]\nZoneId=3\n"})
    assert found.state == ATTENTION
    assert "Protected View" in found.found
    assert found.advice == "Choose Enable Editing there."


@pytest.mark.parametrize(
    ("root", "key", "name", "says"),
    [
        ("HKCU", BY_HAND, "DisableAllAddins", "turns all add-ins off"),
        ("HKCU", BY_HAND, "RequireAddinSig", "demands signed add-ins"),
        ("HKCU", BY_HAND + TRUSTED, "AllLocationsDisabled", "trusts no folder"),
        ("HKCU", BY_POLICY, "DisableAllAddins", "turns all add-ins off, by a policy"),
        ("HKLM", BY_POLICY, "RequireAddinSig", "this one is not, by a policy"),
        ("HKLM", r"Software\Policies\Microsoft\Office\16.0\Common", "VBAOff", "VBA is turned off"),
    ],
)
def test_a_setting_that_forbids_the_add_in(
    profile: ExcelProfile, root: str, key: str, name: str, says: str
) -> None:
    (found,) = looked(profile, {(root, key, name): 1})
    assert found.state == FAULT
    assert says in found.found
    assert ("Ask those" in found.advice) == ("Policies" in key)
    assert looked(profile, {(root, key, name): 0}) == []


def test_a_policy_that_allows_stands_above_the_users_own_setting(profile: ExcelProfile) -> None:
    values = {("HKCU", BY_POLICY, "DisableAllAddins"): 0, ("HKCU", BY_HAND, "DisableAllAddins"): 1}
    assert looked(profile, values) == []


def test_a_second_excel(profile: ExcelProfile) -> None:
    root = r"SOFTWARE{}\Microsoft\Office\{}\Excel\InstallRoot"
    new, old = (
        ("HKLM", root.format("", "16.0"), "Path"),
        ("HKLM", root.format(r"\WOW6432Node", "14.0"), "Path"),
    )
    assert looked(profile, {new: "C:\\Office16\\"}) == []
    (found,) = looked(profile, {new: "C:\\Office16\\", old: "C:\\Office14\\"})
    assert found.state == ATTENTION
    assert "16.0 in C:\\Office16\\, 14.0 in C:\\Office14\\" in found.found
    again = ("HKLM", root.format(r"\WOW6432Node", "16.0"), "Path")
    assert looked(profile, {new: "C:\\Office16\\", again: "c:\\office16"}) == []


def test_an_excel_of_32_bits(profile: ExcelProfile) -> None:
    place = ("HKLM", r"SOFTWARE\Microsoft\Office\ClickToRun\Configuration", "Platform")
    assert [found.state for found in looked(profile, {place: "x86"})] == [FAULT]
    assert looked(profile, {place: "x64"}) == []


def test_another_xlwings(profile: ExcelProfile) -> None:
    profile.python.with_name("xlwings64-0.30.1.dll").touch()
    profile.add_in.with_name("xlwings.xlam").touch()
    dll, add_in = looked(profile)
    assert "xlwings64-0.30.1.dll is of another xlwings" in dll.found
    assert "xlwings.xlam" in add_in.found
    assert {dll.state, add_in.state} == {ATTENTION}


@pytest.mark.parametrize(("user", "odd"), [("Жук", "Ж"), ("金", "金"), ("Müller", None), ("Smith", None)])
def test_a_user_name_outside_the_code_page(profile: ExcelProfile, user: str, odd: str | None) -> None:
    other = ExcelProfile(Path("C:/Users") / user, profile.roaming, profile.python)
    found = looked(other)
    assert [f.state for f in found] == ([FAULT] if odd else [])
    assert all(f" has {odd} in it" in f.found for f in found)


def test_faults_are_named_first_and_all_of_it_is_shown(profile: ExcelProfile) -> None:
    (profile.add_in.with_name("xlwings.xlam")).touch()
    found = summed(looked(profile, {("HKCU", BY_HAND, "DisableAllAddins"): 1}))
    assert found.state == FAULT
    first, second = found.sentences().splitlines()
    assert first.startswith("Excel's Trust Center turns all add-ins off. Allow it in ")
    assert "xlwings.xlam. Where one of the two does not work" in second


@pytest.mark.skipif(sys.platform == "win32", reason="only on other systems than Windows")
def test_elsewhere_there_is_nothing_to_look_at(tmp_path: Path) -> None:
    assert CHECKS["Excel's rules"] is windows.rules
    assert windows.rules(Facts(Home(tmp_path), ask=False)) == Finding(OK, ELSEWHERE)
