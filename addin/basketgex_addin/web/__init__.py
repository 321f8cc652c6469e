"""The web host: a workbook in the browser, over the same worksheet functions as Calc and Excel."""
