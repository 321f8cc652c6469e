"""The functions in LibreOffice Calc."""
