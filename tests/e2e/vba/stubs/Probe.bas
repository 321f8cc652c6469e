Option Explicit

' Tells in a text what an expression came to: a table row by row, an error by its number.

Public Function Told(ByVal found As Variant) As String
    Dim r As Long, c As Long
    If Not IsArray(found) Then
        Told = One(found)
    ElseIf HasTwo(found) Then
        For r = LBound(found, 1) To UBound(found, 1)
            If r > LBound(found, 1) Then Told = Told & " / "
            For c = LBound(found, 2) To UBound(found, 2)
                If c > LBound(found, 2) Then Told = Told & ", "
                Told = Told & One(found(r, c))
            Next c
        Next r
    Else
        For c = LBound(found) To UBound(found)
            If c > LBound(found) Then Told = Told & ", "
            Told = Told & One(found(c))
        Next c
    End If
End Function

Private Function One(ByVal value As Variant) As String
    One = TypeName(value)
    If Not IsEmpty(value) Then One = One & " " & CStr(value)
End Function

Private Function HasTwo(ByRef found As Variant) As Boolean
    Dim last As Long
    On Error GoTo flat
    last = UBound(found, 2)
    HasTwo = True
flat:
End Function
