// What hangs on the cells of a table that a formula spilled is calculated after it, however many such tables stand in a row.
//
// Univer knows of a formula's first cell only. It looks once, at the end, at what hangs on the other cells, and not at what
// hangs on a table that changed by that, or that is a table no more. Here it looks until no table changes.

import { PENDING, isPending } from "/static/formulas.js";

const F = UniverEngineFormula;
const MOST_LOOKS = 50; // a table that hangs on itself would never come to rest

// Such functions give tables, beside those of ours.
const TABULAR = ["SORT", "SORTBY", "FILTER", "UNIQUE", "TAKE", "DROP", "EXPAND", "VSTACK", "HSTACK", "TOCOL", "TOROW", "TRANSPOSE",
  "CHOOSECOLS", "CHOOSEROWS", "WRAPCOLS", "WRAPROWS"];
const ON_ITS_WAY = "…";
const TALLEST = 1000, WIDEST = 50; // cells that a table on its way is thought to take

export function follow(service, ours) {
  const runtime = service._runtimeService, config = service._currentConfigService;
  const tables = new Map(); // that were calculated in this run, by their first cell: what those that hang on them know
  const rooms = new Map(); // of tables on their way, by their first cell
  const tabular = new RegExp(`\\b(${[...TABULAR, ...ours].join("|")})\\(`, "i");
  const store = runtime.setRuntimeData;

  runtime.setRuntimeData = function (value) {
    const { currentUnitId: unitId, currentSubUnitId: sheetId, currentRow: row, currentColumn: column } = this;
    const place = JSON.stringify([unitId, sheetId, row, column]);
    const before = config.getArrayFormulaRange()?.[unitId]?.[sheetId]?.[row]?.[column];
    const old = config.getArrayFormulaCellData()?.[unitId]?.[sheetId];
    if (!tables.has(place)) {
      const room = rooms.get(place);
      const known = room ? { range: room.range, shown: ON_ITS_WAY } : { range: before, shown: before ? content(old, before) : "" };
      tables.set(place, { unitId, sheetId, row, column, ...known });
    }
    withdraw(this, unitId, sheetId, row, column);
    store.call(this, value);
    if (before && !spilled(this, tables.get(place))) each(before, (r, c) => old?.realDeleteValue(r, c)); // what stood there
    const formula = config.getFormulaData()?.[unitId]?.[sheetId]?.[row]?.[column]?.f ?? "";
    if (isPending(value) && tabular.test(formula)) rooms.set(place, roomOf(config, unitId, sheetId, row, column, formula));
    else rooms.delete(place);
  };

  // The cells, but the first, of a table that is another now than those that hang on it know.
  const changed = ([place, table]) => {
    const range = spilled(runtime, table) ?? rooms.get(place)?.range;
    const shown = rooms.has(place) ? ON_ITS_WAY : range ? content(runtime.getRuntimeArrayFormulaCellData()[table.unitId]?.[table.sheetId], range) : "";
    if (shown === table.shown) return [];
    const ranges = [table.range, range].filter(Boolean);
    Object.assign(table, { range, shown });
    return ranges.flatMap(withoutFirst).map(part => ({ unitId: table.unitId, sheetId: table.sheetId, range: part }));
  };

  coloursWriteNothing();
  waitForTables(config, rooms);
  service._executeStep = async function () {
    tables.clear();
    let state = await this._apply();
    const features = state ? this._getArrayFormulaDirtyRangeAndExcludedRange({}, state.runtimeFeatureRange).dirtyRanges : [];
    for (let looks = 0; state && looks < MOST_LOOKS; looks++) {
      const dirty = [...looks ? [] : features, ...[...tables].flatMap(changed)];
      if (!dirty.length) break;
      runtime.clearArrayObjectCache();
      config.loadDirtyRangesAndExcludedCell(dirty, {});
      state = await this._apply(true);
    }
  };
}

// Univer takes the formula of a conditional format for one that writes the cells which it colours: cells would seem to hang on
// each other, and be calculated in a wrong order.
function coloursWriteNothing() {
  for (const { prototype } of [F.FormulaDependencyTree, F.FormulaDependencyTreeVirtual]) {
    if (Object.hasOwn(prototype, "writes")) continue;
    prototype.writes = prototype.toRTreeItem;
    prototype.toRTreeItem = function () {
      return this.type === F.FormulaDependencyTreeType.OTHER_FORMULA ? [] : this.writes();
    };
  }
}

// A blank cell into which a table on its way may spill is on its way too: what tests it would see that it is blank, and ask for
// what nobody needs.
function waitForTables(config, rooms) {
  const reference = F.BaseReferenceObject.prototype, data = reference.getCellData;
  reference.getCellData = function (row, column) {
    const cell = data.call(this, row, column);
    if (!rooms.size || !isBlank(cell)) return cell;
    const unitId = this.getUnitId(), sheetId = this.getSheetId();
    for (const room of rooms.values())
      if (room.unitId === unitId && room.sheetId === sheetId && column - room.column < (room.widths[row - room.row] ?? 0) &&
        column >= room.column && cellOf(config, room, room.row, room.column)?.f !== undefined) return { v: PENDING };
    return cell;
  };
}

// The free cells to the right of a table's first cell, row by row, down to one that is in its way.
function roomOf(config, unitId, sheetId, row, column, formula) {
  const place = { unitId, sheetId, row, column }, widths = [];
  const [, tallest = TALLEST, widest = WIDEST] = /^=TAKE\(.*,(\d+),(\d+)\)$/.exec(formula) ?? [];
  for (let width = +widest, r = row; r < row + +tallest; r++) {
    let free = r === row ? 1 : 0; // of the first row, the formula's own cell
    while (free < width && isBlank(cellOf(config, place, r, column + free))) free++;
    if (!free) break;
    widths.push(width = free);
  }
  const range = { startRow: row, startColumn: column, endRow: row + widths.length - 1, endColumn: column + widths[0] - 1 };
  return { ...place, widths, range };
}

const cellOf = (config, { unitId, sheetId }, row, column) => config.getUnitData()[unitId]?.[sheetId]?.cellData.getValue(row, column);
const isBlank = cell => !cell || ((cell.v ?? "") === "" && !cell.f && !cell.si && !cell.p);
const spilled = (runtime, { unitId, sheetId, row, column }) => runtime.getUnitArrayFormula()[unitId]?.[sheetId]?.[row]?.[column];

function withoutFirst({ startRow, startColumn, endRow, endColumn }) {
  return [
    { startRow, endRow: startRow, startColumn: startColumn + 1, endColumn },
    { startRow: startRow + 1, endRow, startColumn, endColumn },
  ].filter(part => part.startRow <= part.endRow && part.startColumn <= part.endColumn);
}

// A formula that is calculated once more in the same run spills anew: smaller perhaps, or not at all.
function withdraw(runtime, unitId, sheetId, row, column) {
  const ranges = runtime.getUnitArrayFormula()[unitId]?.[sheetId]?.[row];
  if (!ranges?.[column]) return;
  const cells = runtime.getRuntimeArrayFormulaCellData()[unitId]?.[sheetId];
  each(ranges[column], (r, c) => cells?.realDeleteValue(r, c));
  delete ranges[column];
}

function content(cells, range) {
  const found = [range.endRow - range.startRow, range.endColumn - range.startColumn];
  each(range, (r, c) => { const cell = cells?.getValue(r, c); found.push(cell?.t, cell?.v); });
  return JSON.stringify(found);
}

function each({ startRow, startColumn, endRow, endColumn }, act) {
  for (let r = startRow; r <= endRow; r++) for (let c = startColumn; c <= endColumn; c++) act(r, c);
}
