Option Explicit

' What the ribbon calls: with their argument, Excel lists none of these among macros or functions.

Public Sub BasketGexRefreshSelection(control As IRibbonControl)
    If TypeName(Selection) = "Range" Then RefreshCells Selection
End Sub

Public Sub BasketGexRefreshSheet(control As IRibbonControl)
    If TypeName(ActiveSheet) = "Worksheet" Then RefreshCells ActiveSheet.UsedRange
End Sub

Public Sub BasketGexRefreshAll(control As IRibbonControl)
    Dim sentence As String
    If ActiveWorkbook Is Nothing Then Exit Sub
    On Error GoTo failed
    Application.Cursor = xlWait
    sentence = Commanded("refresh_book", ActiveWorkbook)
    RecalculateBook ActiveWorkbook
failed:
    Application.Cursor = xlDefault
    Say sentence
End Sub

Public Sub BasketGexAuto(control As IRibbonControl, id As String, index As Integer)
    StartAuto AutoChoice(index)
End Sub

Public Sub BasketGexAutoIndex(control As IRibbonControl, ByRef returnedVal As Variant)
    Dim index As Integer
    returnedVal = 0
    For index = 0 To @LAST_CHOICE@
        If AutoChoice(index) = AutoSeconds() Then returnedVal = index
    Next index
End Sub

Public Sub BasketGexQuota(control As IRibbonControl)
    Say Commanded("quota")
End Sub

Public Sub BasketGexStatus(control As IRibbonControl)
    Say Commanded("status")
End Sub

' A tag is a setting and its value, as in convention=dealer.
Public Sub BasketGexSetting(control As IRibbonControl)
    ChangeSetting control.Tag
End Sub

' This source needs a folder as well.
Public Sub BasketGexChainFiles(control As IRibbonControl)
    With Application.FileDialog(4) ' msoFileDialogFolderPicker
        .Title = "Folder of option chains"
        If .Show = -1 Then ChangeSetting control.Tag & vbLf & "chain_folder=" & .SelectedItems(1)
    End With
End Sub

Public Sub BasketGexKey(control As IRibbonControl)
    Say Commanded("key")
End Sub

Public Sub BasketGexHelp(control As IRibbonControl)
    Say Commanded("manual")
End Sub

' A path comes back, or the sentence that says why there is none.
Public Sub BasketGexTemplate(control As IRibbonControl)
    Dim found As String
    On Error GoTo failed
    found = Commanded("template", control.Tag)
    If CreateObject("Scripting.FileSystemObject").FileExists(found) Then
        Workbooks.Open found
    Else
        Say found
    End If
    Exit Sub
failed:
    Say "The template could not be opened: " & found
End Sub

Private Sub ChangeSetting(ByVal wanted As String)
    Dim sentence As String
    On Error GoTo failed
    Application.Cursor = xlWait
    sentence = Commanded("settings", wanted)
    If Not ActiveWorkbook Is Nothing Then RecalculateBook ActiveWorkbook
failed:
    Application.Cursor = xlDefault
    Say sentence
End Sub

Private Function AutoChoice(ByVal index As Integer) As Long
    AutoChoice = CLng(Split("@CHOICES@", " ")(index))
End Function

Private Sub RefreshCells(ByVal within As Range)
    Dim sentence As String
    On Error GoTo failed
    Application.Cursor = xlWait
    sentence = Commanded("refresh", within)
    RecalculateCells within
failed:
    Application.Cursor = xlDefault
    Say sentence
End Sub
