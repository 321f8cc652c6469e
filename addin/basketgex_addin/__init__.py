"""The worksheet side: functions, cells, the client of the server, and the hosts (Excel, Calc)."""
