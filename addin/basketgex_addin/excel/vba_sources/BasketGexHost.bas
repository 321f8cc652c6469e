Option Explicit
Option Private Module

' What the functions and the ribbon share: the way to Python, arguments in, errors out, which cells are ours.

Private Const TITLE As String = "Basket GEX"
Private Const UDFS As String = "basketgex_addin.excel.udfs"
Private Const COMMANDS As String = "basketgex_addin.excel.commands"
Private Const UNREACHED As String = "The Python side of Basket GEX did not answer. Run basketgex doctor in a terminal."
Private Const MANY_ROWS As Long = 1000
Private Const PAUSE As Long = 30 ' seconds: starting Python may fail after a minute, and a sheet has many cells

Private started As Boolean
Private notBefore As Date
Private every As Long
Private nextTick As Date

' Python

Private Function Python() As Object
    If Now < notBefore Then Err.Raise 1000, TITLE, UNREACHED
    On Error GoTo failed
    Set Python = XLPy
    started = True
    Exit Function
failed:
    notBefore = DateAdd("s", PAUSE, Now)
    Err.Raise 1000, TITLE, UNREACHED
End Function

' The last of what is given is the calling cell, of no use where a macro calls.
Public Function Answer(ByVal functionName As String, ByVal given As Variant) As Variant
    Dim i As Long, last As Long
    If InWizard() Then
        Answer = CVErr(xlErrNA) ' not empty: where the check errs, a cell would show 0
        Exit Function
    End If
    last = UBound(given)
    For i = 0 To last - 1
        If TypeName(given(i)) = "Range" Then
            If given(i).Areas.Count > 1 Then
                Answer = CVErr(xlErrValue)
                Exit Function
            End If
        End If
    Next i
    TrimToUsed given, last - 1
    For i = 0 To last - 1
        If IsUncalculated(given(i)) Then
            Answer = CVErr(xlErrNA)
            Exit Function
        End If
    Next i
    ' This workbook, not the active one: xlwings refuses a workbook with a sheet named like a Python file.
    If TypeName(given(last)) = "Range" Then
        Answer = Shown(Python.CallUDF(UDFS, functionName, given, ThisWorkbook, given(last)))
    Else
        given(last) = Omitted()
        Answer = Shown(Python.CallUDF(UDFS, functionName, given))
    End If
End Function

' Runs a command in Python; what it returns is a sentence to show, or nothing.
Public Function Commanded(ByVal command As String, Optional ByVal argument As Variant) As String
    Dim py As Object, arguments As Variant
    On Error GoTo failed
    Set py = Python()
    If IsMissing(argument) Then
        Set arguments = py.Tuple()
    Else
        Set arguments = py.Tuple(argument)
    End If
    Commanded = py.Str(py.Call(py.Module(COMMANDS), command, arguments))
    Exit Function
failed:
    Commanded = UNREACHED
End Function

Public Sub Say(ByVal sentence As String)
    If Len(sentence) > 0 Then MsgBox sentence, vbInformation, TITLE
End Sub

' Arguments and results

Private Function InWizard() As Boolean
    InWizard = Not Application.CommandBars("Standard").Controls(1).Enabled
End Function

Private Function Omitted(Optional ByVal nothingGiven As Variant) As Variant
    Omitted = nothingGiven
End Function

' A whole column is a million cells: those below the used ones are left out, in ranges of equal length only and equally
' many of each. Two rows remain, since one cell alone may hold a list.
Private Sub TrimToUsed(ByRef given As Variant, ByVal last As Long)
    Dim i As Long, rowCount As Long, used As Long, needed As Long
    needed = 2
    For i = 0 To last
        If HasManyCells(given(i)) Then
            If rowCount = 0 Then rowCount = given(i).Rows.Count
            If given(i).Rows.Count <> rowCount Or rowCount < MANY_ROWS Then Exit Sub
            With given(i).Worksheet.UsedRange
                used = .Row + .Rows.Count - given(i).Row
            End With
            If used > needed Then needed = used
        End If
    Next i
    If needed >= rowCount Then Exit Sub
    For i = 0 To last
        If HasManyCells(given(i)) Then Set given(i) = given(i).Resize(needed)
    Next i
End Sub

' Excel may call before the arguments are calculated, and again when they are. Their cells read as empty, which a formula
' never leaves: a smaller basket would be asked for, a trigger would seem to have changed.
Private Function IsUncalculated(ByRef argument As Variant) As Boolean
    Dim values As Variant, texts As Variant, r As Long, c As Long
    If TypeName(argument) <> "Range" Then Exit Function
    If Not IsNull(argument.HasFormula) Then
        If Not argument.HasFormula Then Exit Function
    End If
    values = argument.Value2
    texts = argument.Formula
    If Not IsArray(values) Then
        IsUncalculated = IsEmpty(values)
        Exit Function
    End If
    For r = 1 To UBound(values, 1)
        For c = 1 To UBound(values, 2)
            If IsEmpty(values(r, c)) Then
                If Left$(texts(r, c), 1) = "=" Then
                    IsUncalculated = True
                    Exit Function
                End If
            End If
        Next c
    Next r
End Function

Private Function HasManyCells(ByRef argument As Variant) As Boolean
    If TypeName(argument) = "Range" Then HasManyCells = argument.CountLarge > 1
End Function

' Errors leave Python as marked texts; a table of one row may come as a list.
Private Function Shown(ByVal found As Variant) As Variant
    Dim r As Long, c As Long
    If Not IsArray(found) Then
        found = Unmarked(found)
    ElseIf HasColumns(found) Then
        For r = LBound(found, 1) To UBound(found, 1)
            For c = LBound(found, 2) To UBound(found, 2)
                found(r, c) = Unmarked(found(r, c))
            Next c
        Next r
    Else
        For c = LBound(found) To UBound(found)
            found(c) = Unmarked(found(c))
        Next c
    End If
    Shown = found
End Function

Private Function HasColumns(ByRef found As Variant) As Boolean
    Dim last As Long
    On Error GoTo flat
    last = UBound(found, 2)
    HasColumns = True
flat:
End Function

Private Function Unmarked(ByVal value As Variant) As Variant
    Unmarked = value
    If VarType(value) = vbString Then
        Select Case value
@MARKERS@
        End Select
    End If
End Function

' Cells

Private Function OurNames() As Variant
    OurNames = Split("@NAMES@", " ")
End Function

Private Function IsOurs(ByVal text As String) As Boolean
    Dim known As Variant
    If Left$(text, 1) = "=" Then
        For Each known In OurNames()
            If InStr(1, text, known & "(", vbTextCompare) > 0 Then
                IsOurs = True
                Exit Function
            End If
        Next known
    End If
End Function

Private Function OurCells(ByVal within As Range) As Collection
    Dim area As Range, texts As Variant, r As Long, c As Long
    Set OurCells = New Collection
    Set within = Application.Intersect(within, within.Worksheet.UsedRange)
    If within Is Nothing Then Exit Function
    For Each area In within.Areas
        texts = area.Formula
        If IsArray(texts) Then
            For r = 1 To UBound(texts, 1)
                For c = 1 To UBound(texts, 2)
                    If IsOurs(CStr(texts(r, c))) Then OurCells.Add area.Cells(r, c)
                Next c
            Next r
        ElseIf IsOurs(CStr(texts)) Then
            OurCells.Add area.Cells(1, 1)
        End If
    Next area
End Function

Private Sub Dirty(ByVal within As Range)
    Dim cell As Variant
    For Each cell In OurCells(within)
        cell.Dirty
    Next cell
End Sub

Public Sub RecalculateCells(ByVal within As Range)
    Dirty within
    Application.Calculate
End Sub

Public Sub RecalculateBook(ByVal book As Workbook)
    Dim sheet As Worksheet
    For Each sheet In book.Worksheets
        Dirty sheet.UsedRange
    Next sheet
    Application.Calculate
End Sub

' Auto-refresh: recalculates only, so that age alone decides what the source is asked

Public Function AutoSeconds() As Long
    AutoSeconds = every
End Function

Public Sub StartAuto(ByVal seconds As Long)
    StopAuto
    every = seconds
    If every > 0 Then PlanTick
End Sub

Public Sub StopAuto()
    ' A tick left over would open the add-in again.
    If every > 0 Then
        On Error Resume Next
        Application.OnTime nextTick, TickName(), , False
        every = 0
    End If
End Sub

Public Sub BasketGexTick()
    Dim book As Workbook
    On Error Resume Next
    If every = 0 Then Exit Sub
    If Application.CutCopyMode = False Then
        For Each book In Application.Workbooks
            RecalculateBook book
        Next book
    End If
    PlanTick
End Sub

Private Sub PlanTick()
    nextTick = DateAdd("s", every, Now)
    Application.OnTime nextTick, TickName()
End Sub

Private Function TickName() As String
    TickName = "'" & ThisWorkbook.Name & "'!BasketGexTick"
End Function

' Workbooks that open and close

Public Sub OpenedAll()
    Dim book As Workbook
    For Each book In Application.Workbooks
        Opened book
    Next book
End Sub

Public Sub Opened(ByVal book As Workbook)
    On Error Resume Next
    If book.IsAddin Then Exit Sub
    If started Then Commanded "opened", book.FullName
    Mend book
End Sub

Public Sub Closing(ByVal book As Workbook)
    On Error Resume Next
    If started Then Commanded "closed", book.FullName
End Sub

' A plain name may stay #NAME? where the file was not written by Excel: the formula is entered again.
Private Sub Mend(ByVal book As Workbook)
    Dim sheet As Worksheet, cell As Variant, saved As Boolean
    On Error Resume Next
    saved = book.Saved
    For Each sheet In book.Worksheets
        If Not sheet.ProtectContents Then
            For Each cell In OurCells(sheet.UsedRange)
                If IsUnknown(cell) Then Enter cell
            Next cell
        End If
    Next sheet
    book.Saved = saved
End Sub

Private Function IsUnknown(ByVal cell As Object) As Boolean
    On Error Resume Next
    If IsError(cell.Value) Then IsUnknown = (cell.Value = CVErr(xlErrName))
End Function

Private Sub Enter(ByVal cell As Object)
    On Error GoTo old
    If cell.HasArray Then
        If cell.CurrentArray.Cells(1, 1).Address = cell.Address Then
            cell.CurrentArray.FormulaArray = WithoutPath(cell.FormulaArray)
        End If
        Exit Sub
    End If
    cell.Formula2 = WithoutPath(cell.Formula2)
    Exit Sub
old:
    ' An Excel without dynamic arrays has no Formula2.
    On Error Resume Next
    cell.Formula = WithoutPath(cell.Formula)
End Sub

' ='C:\elsewhere\basketgex.xlam'!BASKETGEX(A1) is what a workbook of another user holds.
Private Function WithoutPath(ByVal text As String) As String
    Dim bang As Long, start As Long
    Do
        bang = InStr(1, text, "basketgex.xlam'!", vbTextCompare)
        If bang = 0 Then Exit Do
        start = InStrRev(text, "'", bang)
        If start = 0 Then Exit Do
        text = Left$(text, start - 1) & Mid$(text, bang + Len("basketgex.xlam'!"))
    Loop
    WithoutPath = Replace(text, "basketgex.xlam!", "", 1, -1, vbTextCompare)
End Function
