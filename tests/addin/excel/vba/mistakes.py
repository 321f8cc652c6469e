"""Mistakes that somebody could make in the add-in's VBA, each of which has to be found by the check that is there for its kind."""

# ruff: noqa: E501 - a mistake is its line of code, twice
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from basketgex_addin.excel import vba


class Mistake(NamedTuple):
    """In a module, ``right`` becomes ``wrong``, once."""

    name: str
    module: str
    right: str
    wrong: str
    named: str = ""
    """What the check that finds it says: a part of its sentence, or the expression of which something else comes."""


HOST, WRAPPERS, RIBBON, EVENTS = vba.HOST, vba.WRAPPERS, vba.RIBBON, vba.EVENTS

ANALYSED = (
    Mistake("a variable is written that is not declared", HOST, "last = UBound(given)\n", "lst = UBound(given)\n", "'lst'"),
    Mistake("a variable is read that is not declared", HOST, ".Rows.Count - given(i).Row\n", ".Rows.Count - offst\n", "'offst'"),
    Mistake("a sheet has no such member", HOST, "Dirty sheet.UsedRange", "Dirty sheet.UsedRang", "UsedRang'"),
    Mistake("Excel has no such member", HOST, "Application.OnTime nextTick, TickName()\n", "Application.OnTyme nextTick, TickName()\n", "no member 'OnTyme'"),
    Mistake("too few arguments for a function of ours", WRAPPERS, 'BASKETGEX = Answer("BASKETGEX", Array(', 'BASKETGEX = Answer(Array("BASKETGEX", ', "arguments to 'Answer'"),
    Mistake("too many arguments for a procedure of ours", HOST, "TrimToUsed given, last - 1", "TrimToUsed given, last - 1, 7", "arguments to 'TrimToUsed'"),
    Mistake("a function that is nowhere", HOST, "Answer = Shown(Python.CallUDF(UDFS, functionName, given))", "Answer = Showed(Python.CallUDF(UDFS, functionName, given))", "'Showed'"),
    Mistake("a constant that is nowhere", WRAPPERS, "BASKETGEX = CVErr(xlErrNA)", "BASKETGEX = CVErr(xlErrNotAvail)", "'xlErrNotAvail'"),
    Mistake("too few arguments for a function of VBA's", HOST, "Left$(text, start - 1) & Mid$", "Left$(text) & Mid$", "arguments to 'Left$'"),
    Mistake("an error leads to a label that is nowhere", HOST, "On Error GoTo failed\n    Set Python", "On Error GoTo faild\n    Set Python", "'faild'"),
    Mistake("Next is missing", HOST, "    Next i\n    TrimToUsed", "    TrimToUsed", "for-variable-in-use"),
    Mistake("a variable is declared twice", HOST, "Dim i As Long, last As Long\n    If InWizard()", "Dim i As Long, last As Long, i As Long\n    If InWizard()", "scope: 'i'"),
    Mistake("a procedure is there twice", HOST, "Public Sub Say(", "Public Sub Commanded(ByVal a As String)\nEnd Sub\nPublic Sub Say(", "'Commanded'"),
    Mistake("Then is missing", HOST, "If rowCount = 0 Then rowCount", "If rowCount = 0 rowCount", "if-missing-then"),
    Mistake("a constant is assigned", HOST, "started = True\n", "PAUSE = 31\n", "constant 'PAUSE'"),
    Mistake("a function is left as a procedure", HOST, "would show 0\n        Exit Function", "would show 0\n        Exit Sub", "exit-wrong-proc"),
    Mistake("a parenthesis is missing", HOST, 'nextTick = DateAdd("s", every, Now)', 'nextTick = DateAdd("s", every, Now', "unbalanced-parens"),
    Mistake("an object is assigned without Set", HOST, "Set Python = XLPy", "Python = XLPy", "object-variable-not-set"),
    Mistake("an argument by reference is of another type", HOST, "HasColumns(ByRef found As Variant)", "HasColumns(ByRef found As Long)", "byref-argument-type-mismatch"),
    Mistake("a text is assigned to a number", HOST, "needed = 2\n", 'needed = "two"\n', "assignment-type-mismatch"),
    Mistake("an event lacks an argument", EVENTS, "App_WorkbookBeforeClose(ByVal Wb As Workbook, Cancel As Boolean)", "App_WorkbookBeforeClose(ByVal Wb As Workbook)", "event-handler-signature"),
    Mistake("another module's private procedure is called", EVENTS, "Opened Wb", "Mend Wb", "not defined: 'Mend'"),
    Mistake("a declaration is not made for 64 bits", "xlwings", "Declare PtrSafe Function XLPyDLLActivateAuto Lib \"xlwings64", "Declare Function XLPyDLLActivateAuto Lib \"xlwings64", "declare-missing-ptrsafe"),
    Mistake("a procedure of ours is called by another name", RIBBON, "    RecalculateCells within\n", "    RecalculateCell within\n", "not defined: 'RecalculateCell'"),
)  # fmt: skip
"""pyvbaanalysis finds these."""

REFUSED = (
    Mistake("End If is missing", HOST, "        Answer = Shown(Python.CallUDF(UDFS, functionName, given))\n    End If\n", "        Answer = Shown(Python.CallUDF(UDFS, functionName, given))\n"),
    Mistake("End Function is missing", HOST, ".Controls(1).Enabled\nEnd Function\n", ".Controls(1).Enabled\n"),
    Mistake("a text is not closed", HOST, "\"'!BasketGexTick\"", "\"'!BasketGexTick"),
    Mistake("Loop is missing", HOST, '    Loop\n    WithoutPath', "    WithoutPath"),
    Mistake("End With is missing", HOST, "given(i).Row\n            End With\n", "given(i).Row\n"),
)  # fmt: skip
"""LibreOffice does not compile these, which pyvbaanalysis lets through."""

NAMED = (
    Mistake("what is to be changed is handed over by value", HOST, "TrimToUsed(ByRef given", "TrimToUsed(ByVal given", "TrimToUsed changes a copy of given"),
    Mistake("a type that is nowhere", HOST, "Dim book As Workbook\n    On Error Resume Next\n    If every = 0", "Dim book As Workbok\n    On Error Resume Next\n    If every = 0", "a type Workbok"),
    Mistake("an event that Excel does not have", EVENTS, "App_WorkbookOpen(", "App_WorkbookOpened(", "no event App_WorkbookOpened("),
    Mistake("what the ribbon calls takes no control", RIBBON, "BasketGexQuota(control As IRibbonControl)", "BasketGexQuota()", "calls BasketGexQuota(control As IRibbonControl), not ()"),
    Mistake("what the ribbon calls has another name", RIBBON, "Public Sub BasketGexQuota(", "Public Sub BasketGexQuotas(", "calls BasketGexQuota, which is nowhere"),
    Mistake("the list's choice comes as another type", RIBBON, "id As String, index As Integer", "id As String, index As String", "calls BasketGexAuto(control As IRibbonControl, id As String, index As Integer), not ("),
    Mistake("a workbook's event has another name", "ThisWorkbook", "Workbook_BeforeClose(", "Workbook_BeforeClosed(", "no event Workbook_BeforeClosed("),
)  # fmt: skip
"""Names and signatures that only Excel looks up, and work that is lost: plain comparisons find these."""

RUN = (
    Mistake("a range has no such member, and is a Variant", HOST, "If given(i).Areas.Count > 1 Then", "If given(i).Arias.Count > 1 Then", 'Answer("BASKETGEX", Array(Range("A1,A3"), Empty))'),
    Mistake("a comparison is the wrong way round", HOST, "If needed >= rowCount Then Exit Sub", "If needed <= rowCount Then Exit Sub", 'Answer("BASKETGEX", Array(Range("A:A"), Range("B:B"), Empty))'),
    Mistake("columns are cut one row short", HOST, "used = .Row + .Rows.Count -", "used = .Row + .Rows.Count - 1 -", 'Answer("BASKETGEX", Array(Range("A:A"), Range("B:B"), Empty))'),
    Mistake("an error's mark is left in a table", HOST, "found(r, c) = Unmarked(found(r, c))", "found(r, c) = found(r, c)", 'Answer("BASKET", Array(Range("A1:A3"), Range("D1")))'),
    Mistake("a calculated formula is waited for", HOST, "If IsEmpty(values(r, c)) Then", "If Not IsEmpty(values(r, c)) Then", 'Answer("BASKETGEX", Array(Range("C1:C3"), Empty))'),
    Mistake("names of ours count in upper case only", HOST, 'known & "(", vbTextCompare', 'known & "(", vbBinaryCompare', 'IsOurs("=1+basketgex(A1:A3)")'),
)  # fmt: skip
"""Nothing is wrong with these but what they do: running finds them."""


def planted(modules: Mapping[str, str], mistake: Mistake) -> str:
    """Return the module with the mistake in it."""
    module = modules[mistake.module]
    assert mistake.right in module, "the VBA has changed: plant it elsewhere"
    return module.replace(mistake.right, mistake.wrong, 1)
