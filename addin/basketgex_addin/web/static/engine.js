// Our functions in Univer's calculation: a function looks into a memory, and what is not there is asked for together.
//
// Univer knows functions of others as well, but makes a blank cell 0 and a text that looks like a number one; executors get
// the cells as they are. While an answer is on its way its cells show #GETTING_DATA, the error that spreadsheets have for it.

const F = UniverEngineFormula;
const NEWS = "basketgex.mutation.news";
const PENDING = F.ErrorType.CONNECT;
const LONGEST = 300; // milliseconds that answers wait for those still to come, so that few calculations are needed
const PASSING = 2000; // milliseconds after which an error may have passed: a calculation asks again
const AGES = 30000; // milliseconds between two looks at an age
const LARGE = 1e5; // from here on a number is shown in whole groups, unless its cell has a format: cut off it would mislead
const FUNCTION = 4; // the kind of a function's node in a formula

export class Engine {
  #memory = new Map(); // by function and arguments: what it shows, and since when
  #asking = new Map(); // likewise: the cells that wait
  #ids = new Map(); // likewise: what the call is named towards the host
  #keys = new Map(); // and back
  #shows = new Map(); // by cell: the keys of its calls
  #news = [];
  #timer = 0;
  #busy = false;
  #run = 0;

  constructor(univer, univerAPI, sheet, table) {
    this.sheet = sheet;
    this.api = univerAPI;
    this.table = table;
    const inside = univer.__getInjector();
    this.commands = inside.get(UniverCore.ICommandService);
    this.commands.registerCommand({ id: NEWS, type: UniverCore.CommandType.MUTATION, handler: () => true });
    inside.get(F.IActiveDirtyManagerService).register(NEWS, {
      commandId: NEWS, getDirtyData: command => ({ dirtyRanges: command.params.dirtyRanges }),
    });
    inside.get(F.IFunctionService).registerExecutors(...table.map(about => new (ours(this, about))()));
    emptyTexts(F.BaseReferenceObject.prototype);
    lazy(inside.get(F.ICalculateFormulaService)._interpreter);
    const formula = univerAPI.getFormula();
    this.formulas = inside.get(F.FormulaDataModel);
    const functions = inside.get(F.IFunctionService);
    formula.calculationStart(() => { rankNumbers(functions); this.#busy = true; this.#run++; });
    formula.calculationEnd(() => { this.#busy = false; setTimeout(() => this.#asking.size || this.#tell(), 0); });
    setInterval(() => this.#look(table.filter(about => about.volatile).map(about => about.name)), AGES);
  }

  get settled() {
    return !this.#asking.size && !this.#news.length && !this.#busy && !this.#timer;
  }

  // What a function shows in the cell that is being calculated.
  value(about, args, cell) {
    const key = JSON.stringify([about.name, args]), here = JSON.stringify(cell);
    this.#note(here, key);
    const found = this.#memory.get(key);
    if (found !== undefined && !(found.passing && performance.now() - found.at > PASSING)) return shown(found.value);
    const waiting = this.#asking.get(key);
    if (waiting) waiting.add(here);
    else this.#ask(about.name, args, key, here);
    return found === undefined ? F.ErrorValueObject.create(PENDING) : shown(found.value);
  }

  // The calls that a cell made when it was last calculated: what BASKETEXPLAIN asks about.
  callsOf(cell) {
    return [...this.#shows.get(JSON.stringify(cell))?.keys ?? []].map(key => JSON.parse(key));
  }

  // What spilled into the cells below and beside formulas: by workbook, sheet, row and column.
  get spilled() {
    return this.formulas.getArrayFormulaCellData();
  }

  // Why a cell has no value, as far as its calls told.
  reasonsOf(cell) {
    const said = [...this.#shows.get(JSON.stringify(cell))?.keys ?? []].map(key => this.#memory.get(key)?.value?.why);
    return [...new Set(said.filter(Boolean))];
  }

  // News of calls that the host names: cells that show them are calculated again.
  changed(news) {
    const keys = new Set();
    for (const [id, value] of news) {
      const key = this.#keys.get(id);
      if (key === undefined) continue;
      this.#remember(key, value);
      keys.add(key);
    }
    this.#dirty(keys);
  }

  // Every figure is of another source, server or mode now.
  forget() {
    const keys = new Set([...this.#memory.keys()]);
    this.#memory.clear();
    this.#dirty(keys);
  }

  async refresh() {
    const calls = [...this.#memory.keys()].map(key => [...JSON.parse(key), this.#id(key)]);
    const said = calls.length ? await this.sheet.refresh(calls) : "No formula here asks for a basket.";
    this.forget();
    return said;
  }

  // Cells whose formulas are gone show nothing of ours; what no other cell shows is asked for no longer.
  sweep() {
    const book = this.api.getActiveWorkbook();
    if (!book || this.#busy) return;
    for (const [here] of this.#shows) {
      const { unitId, sheetId, row, column } = JSON.parse(here);
      const cell = unitId === book.getId() && book.getSheetBySheetId(sheetId)?.getSheet().getCellRaw(row, column);
      if (!cell || !(cell.f || cell.si)) this.#shows.delete(here);
    }
    const used = new Set([...this.#shows.values()].flatMap(({ keys }) => [...keys]));
    const left = [...this.#ids.keys()].filter(key => !used.has(key) && !this.#asking.has(key));
    this.sheet.drop(left.map(key => this.#ids.get(key)));
    for (const key of left) {
      this.#keys.delete(this.#ids.get(key));
      this.#ids.delete(key);
      this.#memory.delete(key);
    }
  }

  async #ask(name, args, key, here) {
    this.#asking.set(key, new Set([here]));
    const value = await this.sheet.ask([name, args, this.#id(key)], key.length);
    this.#remember(key, value);
    const cells = this.#asking.get(key);
    this.#asking.delete(key);
    this.#push(cells);
  }

  #remember(key, value) {
    // Live cells are told when they change; others look again where a fault may have passed.
    const passing = value?.passing || (!this.sheet.live && value?.e === "#N/A");
    this.#memory.set(key, { value, passing, at: performance.now() });
  }

  #id(key) {
    if (!this.#ids.has(key)) {
      const id = crypto.randomUUID();
      this.#ids.set(key, id);
      this.#keys.set(id, key);
    }
    return this.#ids.get(key);
  }

  #note(here, key) {
    const before = this.#shows.get(here);
    if (before?.run === this.#run) before.keys.add(key);
    else this.#shows.set(here, { run: this.#run, keys: new Set([key]) });
  }

  #look(names) {
    const keys = new Set([...this.#memory.keys()].filter(key => names.includes(JSON.parse(key)[0])));
    keys.forEach(key => this.#memory.delete(key));
    this.#dirty(keys);
  }

  #dirty(keys) {
    const cells = [...this.#shows].filter(([, shows]) => [...shows.keys].some(key => keys.has(key))).map(([here]) => here);
    this.#push(cells);
  }

  #push(cells) {
    this.#news.push(...cells);
    if (!this.#asking.size) setTimeout(() => this.#asking.size || this.#tell(), 0);
    this.#timer ||= setTimeout(() => this.#tell(), LONGEST);
  }

  // Between two calculations only: the engine would stop the present one and begin again.
  #tell() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#busy || !this.#news.length) return;
    const dirtyRanges = [...new Set(this.#news)].map(here => {
      const { unitId, sheetId, row, column } = JSON.parse(here);
      return { unitId, sheetId, range: { startRow: row, endRow: row, startColumn: column, endColumn: column } };
    });
    this.#news = [];
    this.#busy = true;
    this.commands.executeCommand(NEWS, { dirtyRanges }, { onlyLocal: true });
  }
}

function ours(engine, about) {
  return class extends F.BaseFunction {
    needsReferenceObject = about.explains; // which cell is asked about, not what is in it

    constructor() {
      super(about.name);
      this.minParams = about.arguments.filter(([, , optional]) => !optional).length;
      this.maxParams = about.arguments.length;
    }

    calculate(...values) {
      const cell = { unitId: this.unitId, sheetId: this.subUnitId, row: this.row, column: this.column };
      return engine.value(about, about.explains ? [this.#asked(values[0])] : values.map(given), cell);
    }

    #asked(reference) {
      if (!reference?.isReferenceObject?.()) return [];
      const { startRow, startColumn } = reference.getRangeData();
      return engine.callsOf({
        unitId: reference.getUnitId() || this.unitId, sheetId: reference.getSheetId() || this.subUnitId, row: startRow, column: startColumn,
      });
    }
  };
}

// An empty text that a formula gave stays a text. Univer takes one that was not calculated in the same run for a blank: a
// RANK would count it as 0, and an ISTEXT not at all.
function emptyTexts(reference) {
  const data = reference.getCellData, object = reference.getCellValueObject;
  reference.getCellData = function (row, column) {
    const cell = data.call(this, row, column);
    return cell?.v === "" && !cell.f ? { ...cell, f: "=" } : cell; // else it would count as blank
  };
  reference.getCellValueObject = function (cell) {
    return cell.v === "" ? F.StringValueObject.create("") : object.call(this, cell);
  };
}

// A rank is among numbers: Univer takes an empty text for a 0. Its own functions are there only once a workbook is.
function rankNumbers(functions) {
  for (const name of ["RANK", "RANK.EQ", "RANK.AVG"]) {
    const executor = functions.getExecutor(name);
    if (!executor || Object.hasOwn(executor, "_checkRefReferenceObject")) continue;
    executor._checkRefReferenceObject = reference => {
      const cells = reference.isReferenceObject() ? reference.toArrayValueObject().getArrayValue().flat() : null;
      const error = cells?.find(cell => cell?.isError()) ?? F.ErrorValueObject.create("#N/A");
      const numbers = (cells ?? []).filter(cell => cell?.isNumber()).map(cell => cell.getValue());
      return { refHasError: !cells || cells.includes(error), refErrorObject: error, refNumbers: numbers };
    };
  }
}

// A formula's dead branch is not evaluated: it may ask a source that costs. And what hangs on a value that is still on its
// way is on its way too, whatever it would make of an error.
function lazy(interpreter) {
  const step = (node, dx, dy) => interpreter._execute(node, dx, dy);
  interpreter._execute = function (node, dx = 0, dy = 0) {
    if (this._runtimeService.isStopExecution()) return 1;
    const children = node.getChildren(), name = node.nodeType === FUNCTION ? node.getToken().toUpperCase() : "";
    const choose = BRANCHES[name];
    if (choose && children.length > 1) {
      step(children[0], dx, dy);
      const first = single(children[0].getValue());
      if (first && isPending(first)) return finish(node, first);
      const branch = first && choose(first, children.length);
      if (branch !== undefined && branch !== null) {
        const chosen = children[branch];
        if (!chosen) return finish(node, F.BooleanValueObject.create(false));
        if (branch) step(chosen, dx, dy);
        return finish(node, chosen.getValue() ?? F.NullValueObject.create());
      }
      if (first?.isError() && name !== "IFERROR" && name !== "IFNA") return finish(node, first);
      children.slice(1).forEach(child => step(child, dx, dy));
    } else {
      for (const child of children) {
        if (child.getToken().toUpperCase() === "LAMBDA" && child.isEmptyParamFunction()) child.execute();
        else step(child, dx, dy);
      }
      const waits = name && children.map(child => scalar(child.getValue())).find(value => value && isPending(value));
      if (waits) return finish(node, waits);
    }
    if (node.nodeType === 1) node.setRefOffset(dx, dy);
    node.execute();
    return 0;
  };
}

// Which argument a function returns, by the value of its first; null where it has to be calculated as a whole.
const BRANCHES = {
  IF: first => first.isError() ? null : first.isString() ? null : first.getValue() ? 1 : 2,
  IFERROR: first => first.isError() ? 1 : 0,
  IFNA: first => first.isError() && first.getErrorType() === F.ErrorType.NA ? 1 : 0,
  CHOOSE: (first, count) => {
    const at = first.isNumber?.() ? Math.floor(first.getValue()) : 0;
    return at >= 1 && at < count ? at : null;
  },
};

const finish = (node, value) => { node.setValue(value); return 0; };
const isPending = value => value.isError?.() && value.getErrorType() === PENDING;
const scalar = value => value && !value.isReferenceObject?.() && !value.isArray?.() ? value : null;

// The one value of an argument, be it a reference to one cell; null for several.
function single(value) {
  if (!value) return null;
  const array = value.isReferenceObject?.() ? value.toArrayValueObject() : value;
  if (!array.isArray?.()) return array;
  return array.getRowCount() === 1 && array.getColumnCount() === 1 ? array.get(0, 0) ?? F.NullValueObject.create() : null;
}

// Values of the engine's own kinds, both ways: a blank stays blank, a text a text, an error an error.
function shown(value) {
  if (!Array.isArray(value)) return object(value);
  return F.ArrayValueObject.create({
    calculateValueList: value.map(row => row.map(object)), rowCount: value.length, columnCount: value[0].length,
    unitId: "", sheetId: "", row: -1, column: -1,
  });
}

function object(value) {
  if (value === null) return F.StringValueObject.create("");
  if (typeof value === "number") return F.NumberValueObject.create(value, Math.abs(value) >= LARGE ? "#,##0" : "");
  if (typeof value === "boolean") return F.BooleanValueObject.create(value);
  return typeof value === "string" ? F.StringValueObject.create(value) : F.ErrorValueObject.create(value.e);
}

function given(value) {
  if (value.isReferenceObject?.()) return given(value.toArrayValueObject());
  if (!value.isArray()) return plain(value);
  const columns = value.getColumnCount();
  return value.getArrayValue().map(row => Array.from({ length: columns }, (_, at) => plain(row[at])));
}

function plain(value) {
  if (value == null || value.isNull()) return null;
  return value.isError() ? { e: value.getErrorType() } : value.getValue();
}
