// The workbook as a file: what the host needs to write one, and a file that a person picks.

const FORMATS = /^sheet\.command\..*(style|border|merge|numfmt|width|height|conditional|font|bold|italic|underline|strike|align|wrap|color|rotation|frozen|hidden|clear-selection-(format|all))/;
const SPILLED = 9; // the type of a spilled table's cell, which Univer has no formula for

export class Files {
  constructor(univerAPI, engine, book) {
    this.api = univerAPI;
    this.engine = engine;
    this.book = book;
  }

  isFormat(id) {
    return FORMATS.test(id);
  }

  // Notes what the file it was opened from will not have; kept with the workbook.
  note(what) {
    const snapshot = this.book.getWorkbook().getSnapshot();
    snapshot.custom = { ...snapshot.custom, [what]: true };
  }

  content() {
    const { template = "", file = null, moved = false, formatted = false } = this.book.getWorkbook().getSnapshot().custom ?? {};
    return { template, file, moved, formatted, tabs: this.book.getSheets().map(sheet => this.#tab(sheet, !template && !file)) };
  }

  #tab(sheet, whole) {
    const inside = sheet.getSheet(), cells = [], formats = [], spilled = [], widths = {};
    const formulas = sheet.getRange(0, 0, sheet.getMaxRows(), sheet.getMaxColumns()).getFormulas();
    const at = [this.book.getId(), sheet.getSheetId()];
    const tables = this.engine.formulas.getArrayFormulaRange()[at[0]]?.[at[1]] ?? {}, values = this.engine.spilled[at[0]]?.[at[1]] ?? {};
    const styles = this.book.getWorkbook().getStyles();
    inside.getCellMatrix().forValue((row, column, cell) => {
      const formula = formulas[row]?.[column] || null;
      const text = cell?.p ? cell.p.body?.dataStream?.trimEnd() : cell?.v;
      if (formula || (text ?? "") !== "") cells.push([row, column, formula, text ?? null, cell.t ?? null]);
      if (whole && cell?.s) formats.push([row, column, styles.getStyleByCell(cell) ?? {}]);
    });
    const known = new Set(cells.map(([row, column]) => `${row},${column}`));
    for (const [row, found] of Object.entries(values))
      for (const [column, cell] of Object.entries(found))
        if (cell && !known.has(`${row},${column}`)) cells.push([+row, +column, null, cell.v ?? null, SPILLED]);
    for (const found of Object.values(tables))
      for (const range of Object.values(found ?? {})) if (range) spilled.push([range.startRow, range.startColumn, range.endRow, range.endColumn]);
    if (whole) for (let column = 0; column < sheet.getMaxColumns(); column++) widths[column] = inside.getColumnWidth(column);
    return { name: sheet.getSheetName(), cells, spilled, formats, widths };
  }
}

// Lets a person pick a file; null where none was.
export function picked() {
  return new Promise((done, failed) => {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: ".xlsx" });
    input.oncancel = () => done(null);
    input.onchange = () => {
      const reader = new FileReader();
      reader.onerror = () => failed(reader.error);
      reader.onload = () => done({ name: input.files[0].name.replace(/\.xlsx$/i, ""), content: reader.result.slice(reader.result.indexOf(",") + 1) });
      reader.readAsDataURL(input.files[0]);
    };
    input.click();
  });
}
