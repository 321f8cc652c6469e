Option Explicit

' Stands for xlwings' module: the Python that it hands out is a class of Basic, which may be away.

Public WizardIsOpen As Boolean
Private isAway As Boolean
Private tries As Long
Private one As FakePy

Public Function XLPy() As Object
    tries = tries + 1
    If isAway Then Err.Raise 1000, "xlwings", "no Python"
    If one Is Nothing Then Set one = New FakePy
    Set XLPy = one
End Function

Public Function Heard() As String
    Heard = "nothing"
    If Not one Is Nothing Then Heard = one.Asked
End Function

Public Sub GoAway(ByVal away As Boolean)
    isAway = away
End Sub

Public Function Tried() As Long
    Tried = tries
End Function

Public Sub OpenWizard()
    WizardIsOpen = True
End Sub
