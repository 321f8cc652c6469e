"""Mistakes that somebody could make in the add-in's VBA, each of which has to be found by one of the checks."""

# ruff: noqa: E501 - a mistake is its line of code, twice
from __future__ import annotations

from typing import NamedTuple

from basketgex_addin.excel import vba


class Mistake(NamedTuple):
    """In a module, ``right`` becomes ``wrong``, once."""

    name: str
    module: str
    right: str
    wrong: str


HOST, WRAPPERS, RIBBON, EVENTS = vba.HOST, vba.WRAPPERS, vba.RIBBON, vba.EVENTS

COMPILED = (
    Mistake("a variable is written that is not declared", HOST, "last = UBound(given)\n", "lst = UBound(given)\n"),
    Mistake("a variable is read that is not declared", HOST, ".Rows.Count - given(i).Row\n", ".Rows.Count - offst\n"),
    Mistake("a sheet has no such member", HOST, "Dirty sheet.UsedRange", "Dirty sheet.UsedRang"),
    Mistake("Excel has no such member", HOST, "Application.OnTime nextTick, TickName()\n", "Application.OnTyme nextTick, TickName()\n"),
    Mistake("too few arguments for a function of ours", WRAPPERS, 'BASKETGEX = Answer("BASKETGEX", Array(', 'BASKETGEX = Answer(Array("BASKETGEX", '),
    Mistake("too many arguments for a procedure of ours", HOST, "TrimToUsed given, last - 1", "TrimToUsed given, last - 1, 7"),
    Mistake("a function that is nowhere", HOST, "Answer = Shown(Python.CallUDF(UDFS, functionName, given))", "Answer = Showed(Python.CallUDF(UDFS, functionName, given))"),
    Mistake("a constant that is nowhere", WRAPPERS, "BASKETGEX = CVErr(xlErrNA)", "BASKETGEX = CVErr(xlErrNotAvail)"),
    Mistake("too few arguments for a function of VBA's", HOST, "Left$(text, start - 1) & Mid$", "Left$(text) & Mid$"),
    Mistake("an error leads to a label that is nowhere", HOST, "On Error GoTo failed\n    Set Python", "On Error GoTo faild\n    Set Python"),
    Mistake("Next is missing", HOST, "    Next i\n    TrimToUsed", "    TrimToUsed"),
    Mistake("a variable is declared twice", HOST, "Dim i As Long, last As Long\n    If InWizard()", "Dim i As Long, last As Long, i As Long\n    If InWizard()"),
    Mistake("a procedure is there twice", HOST, "Public Sub Say(", "Public Sub Commanded(ByVal a As String)\nEnd Sub\nPublic Sub Say("),
    Mistake("Then is missing", HOST, "If rowCount = 0 Then rowCount", "If rowCount = 0 rowCount"),
    Mistake("a constant is assigned", HOST, "started = True\n", "PAUSE = 31\n"),
    Mistake("a function is left as a procedure", HOST, "would show 0\n        Exit Function", "would show 0\n        Exit Sub"),
    Mistake("a parenthesis is missing", HOST, 'nextTick = DateAdd("s", every, Now)', 'nextTick = DateAdd("s", every, Now'),
    Mistake("an object is assigned without Set", HOST, "Set Python = XLPy", "Python = XLPy"),
    Mistake("an argument by reference is of another type", HOST, "HasColumns(ByRef found As Variant)", "HasColumns(ByRef found As Long)"),
    Mistake("a text is assigned to a number", HOST, "needed = 2\n", 'needed = "two"\n'),
    Mistake("an event lacks an argument", EVENTS, "App_WorkbookBeforeClose(ByVal Wb As Workbook, Cancel As Boolean)", "App_WorkbookBeforeClose(ByVal Wb As Workbook)"),
    Mistake("another module's private procedure is called", EVENTS, "Opened Wb", "Mend Wb"),
    Mistake("a declaration is not made for 64 bits", "xlwings", "Declare PtrSafe Function XLPyDLLActivateAuto Lib \"xlwings64", "Declare Function XLPyDLLActivateAuto Lib \"xlwings64"),
    Mistake("End If is missing", HOST, "        Answer = Shown(Python.CallUDF(UDFS, functionName, given))\n    End If\n", "        Answer = Shown(Python.CallUDF(UDFS, functionName, given))\n"),
    Mistake("End Function is missing", HOST, ".Controls(1).Enabled\nEnd Function\n", ".Controls(1).Enabled\n"),
    Mistake("a text is not closed", HOST, "\"'!BasketGexTick\"", "\"'!BasketGexTick"),
    # of our own, beyond those of the design
    Mistake("Loop is missing", HOST, '    Loop\n    WithoutPath', "    WithoutPath"),
    Mistake("End With is missing", HOST, "given(i).Row\n            End With\n", "given(i).Row\n"),
    Mistake("a procedure of ours is called by another name", RIBBON, "    RecalculateCells within\n", "    RecalculateCell within\n"),
)  # fmt: skip
"""A compiler finds these: pyvbaanalysis, or LibreOffice."""

NAMED = (
    Mistake("what is to be changed is handed over by value", HOST, "TrimToUsed(ByRef given", "TrimToUsed(ByVal given"),
    Mistake("a type that is nowhere", HOST, "Dim book As Workbook\n    On Error Resume Next\n    If every = 0", "Dim book As Workbok\n    On Error Resume Next\n    If every = 0"),
    Mistake("an event that Excel does not have", EVENTS, "App_WorkbookOpen(", "App_WorkbookOpened("),
    Mistake("what the ribbon calls takes no control", RIBBON, "BasketGexQuota(control As IRibbonControl)", "BasketGexQuota()"),
    Mistake("what the ribbon calls has another name", RIBBON, "Public Sub BasketGexQuota(", "Public Sub BasketGexQuotas("),
    Mistake("the list's choice comes as another type", RIBBON, "id As String, index As Integer", "id As String, index As String"),
    Mistake("a workbook's event has another name", "ThisWorkbook", "Workbook_BeforeClose(", "Workbook_BeforeClosed("),
)  # fmt: skip
"""Names and signatures that only Excel looks up, and work that is lost: plain comparisons find these."""

RUN = (
    Mistake("a range has no such member, and is a Variant", HOST, "If given(i).Areas.Count > 1 Then", "If given(i).Arias.Count > 1 Then"),
    Mistake("a comparison is the wrong way round", HOST, "If needed >= rowCount Then Exit Sub", "If needed <= rowCount Then Exit Sub"),
    Mistake("columns are cut one row short", HOST, "used = .Row + .Rows.Count -", "used = .Row + .Rows.Count - 1 -"),
    Mistake("an error's mark is left in a table", HOST, "found(r, c) = Unmarked(found(r, c))", "found(r, c) = found(r, c)"),
    Mistake("names of ours count in upper case only", HOST, 'known & "(", vbTextCompare', 'known & "(", vbBinaryCompare'),
)  # fmt: skip
"""Nothing is wrong with these but what they do: running finds them."""
