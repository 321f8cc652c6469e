// Our functions in Univer's calculation: a function looks into a memory, and what is not there is asked for together, once the
// calculation has ended: what a cell asked for on its way to its value, and no longer does, is never asked for.
//
// Univer knows functions of others as well, but makes a blank cell 0 and a text that looks like a number one; executors get
// the cells as they are. While an answer is on its way its cells show #GETTING_DATA, the error that spreadsheets have for it.

import { PENDING, emptyTexts, lazy, rankNumbers } from "/static/formulas.js";
import { Painting } from "/static/painting.js";
import { follow } from "/static/spills.js";
import { Triggers } from "/static/triggers.js";

const F = UniverEngineFormula;
const NEWS = "basketgex.mutation.news";
const LONGEST = 300; // milliseconds that answers wait for those still to come, so that few calculations are needed
const BLIND = 100; // milliseconds that nothing is painted while answers are on their way: most are there by then
const PASSING = 2000; // milliseconds after which an error may have passed: a calculation asks again
const AGES = 30000; // milliseconds between two looks at an age
const LARGE = 1e5; // from here on a number is shown in whole groups, unless its cell has a format: cut off it would mislead

export class Engine {
  #memory = new Map(); // by function and arguments: what it shows, and since when
  #asking = new Map(); // likewise: the cells that wait
  #ids = new Map(); // likewise: what the call is named towards the host
  #keys = new Map(); // and back
  #shows = new Map(); // by cell: the keys of its calls
  #called = new Set(); // the keys of the formula that is being calculated
  #calculated = new Set(); // the cells whose keys are to be looked up
  #news = [];
  #timer = 0;
  #missed = false; // whether this calculation lacks an answer
  #busy = false;
  #forced = new Set(); // the keys asked for whose trigger has changed
  #told = false; // whether there is news of figures that were asked for again,
  #follows = false; // and the calculation is of such

  constructor(univer, univerAPI, sheet, table) {
    this.sheet = sheet;
    this.api = univerAPI;
    this.table = table;
    this.triggers = new Triggers(table);
    const inside = this.inside = univer.__getInjector();
    this.commands = inside.get(UniverCore.ICommandService);
    this.commands.registerCommand({ id: NEWS, type: UniverCore.CommandType.MUTATION, handler: () => true });
    inside.get(F.IActiveDirtyManagerService).register(NEWS, {
      commandId: NEWS, getDirtyData: command => ({ dirtyRanges: command.params.dirtyRanges }),
    });
    inside.get(F.IFunctionService).registerExecutors(...table.map(about => new (ours(this, about))()));
    emptyTexts(F.BaseReferenceObject.prototype);
    const service = inside.get(F.ICalculateFormulaService);
    lazy(service._interpreter, () => this.#missed || this.#asking.size > 0);
    follow(service, table.filter(about => about.table).map(about => about.name));
    this.#noteFormulas(service._runtimeService);
    const formula = univerAPI.getFormula();
    this.formulas = inside.get(F.FormulaDataModel);
    const functions = inside.get(F.IFunctionService);
    formula.calculationStart(() => { rankNumbers(functions); this.#busy = true; });
    formula.calculationEnd(state => {
      this.#busy = false;
      if (state !== F.FormulaExecutedStateType.STOP_EXECUTION) this.#lookUp();
      else setTimeout(() => this.#busy || this.#lookUp(), LONGEST); // unless another calculation begins
      this.painting.wait(this.#asking.size ? BLIND : 0);
      this.#follows = false;
      setTimeout(() => this.#asking.size || this.#tell(), 0);
    });
    this.painting = new Painting(inside.get(UniverEngineRender.IRenderManagerService));
    setInterval(() => this.#look(table.filter(about => about.volatile).map(about => about.name)), AGES);
  }

  get settled() {
    return !this.#calculated.size && !this.#asking.size && !this.#news.length && !this.#busy && !this.#timer;
  }

  // What a function shows in the cell that is being calculated.
  value(about, args) {
    const key = JSON.stringify([about.name, args]), found = this.#memory.get(key);
    this.#called.add(key);
    this.#missed ||= found === undefined;
    return found === undefined ? F.ErrorValueObject.create(PENDING) : shown(found.value);
  }

  // The calls that a cell made when it was last calculated: what BASKETEXPLAIN asks about.
  callsOf(cell) {
    return [...this.#shows.get(JSON.stringify(cell)) ?? []].map(key => JSON.parse(key));
  }

  // What spilled into the cells below and beside formulas: by workbook, sheet, row and column.
  get spilled() {
    return this.formulas.getArrayFormulaCellData();
  }

  // Why a cell has no value, as far as its calls told.
  reasonsOf(cell) {
    const said = [...this.#shows.get(JSON.stringify(cell)) ?? []].map(key => this.#memory.get(key)?.value?.why);
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
    this.#told ||= !this.sheet.live && this.#news.length > 0;
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
      if (cell?.f || cell?.si) continue;
      this.#shows.delete(here);
      this.triggers.forget(here);
    }
    const used = new Set([...this.#shows.values()].flatMap(keys => [...keys]));
    const left = [...this.#ids.keys()].filter(key => !used.has(key) && !this.#asking.has(key));
    this.sheet.drop(left.map(key => this.#ids.get(key)));
    for (const key of left) {
      this.#keys.delete(this.#ids.get(key));
      this.#ids.delete(key);
      this.#memory.delete(key);
    }
  }

  // A formula's calls become its cell's once it is calculated. A conditional format's are added to those of its cell.
  #noteFormulas(runtime) {
    const note = (cell, others) => {
      const here = JSON.stringify(cell), before = this.#shows.get(here);
      if (this.#called.size) this.#shows.set(here, others && before ? before.union(this.#called) : this.#called);
      else if (before && !others) this.#shows.delete(here);
      if (this.#called.size) this.#calculated.add(here);
      this.#called = new Set();
    };
    for (const [name, others] of [["setRuntimeData", false], ["setRuntimeOtherData", true]]) {
      const store = runtime[name];
      runtime[name] = function (...given) {
        store.apply(this, given);
        note({ unitId: this.currentUnitId, sheetId: this.currentSubUnitId, row: this.currentRow, column: this.currentColumn }, others);
      };
    }
  }

  // Asks for what the calculated cells lack.
  #lookUp() {
    const now = performance.now();
    for (const here of this.#calculated) {
      const keys = this.#shows.get(here) ?? [], changed = this.triggers.changed(here, keys);
      const forced = this.#follows ? [] : changed; // a trigger that hangs on what it refreshes would never come to rest
      for (const key of keys) {
        const found = this.#memory.get(key), waiting = this.#asking.get(key), again = forced.includes(key);
        if (!again && found && !(found.passing && now - found.at > PASSING)) continue;
        if (again) this.#forced.add(key);
        if (waiting) waiting.add(here);
        else this.#ask(key, here);
      }
    }
    this.#calculated.clear();
    this.#missed = false;
  }

  async #ask(key, here) {
    const ask = () => this.sheet.ask([...JSON.parse(key), this.#id(key)], key.length, this.#forced.has(key));
    const forced = this.#forced.has(key);
    this.#asking.set(key, new Set([here]));
    let value = await ask();
    if (!forced && this.#forced.has(key)) value = await ask(); // its trigger has changed meanwhile
    this.#forced.delete(key);
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

  #look(names) {
    const keys = new Set([...this.#memory.keys()].filter(key => names.includes(JSON.parse(key)[0])));
    keys.forEach(key => this.#memory.delete(key));
    this.#dirty(keys);
  }

  #dirty(keys) {
    const cells = [...this.#shows].filter(([, shows]) => !shows.isDisjointFrom(keys)).map(([here]) => here);
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
    [this.#follows, this.#told] = [this.#told, false];
    this.#busy = true;
    this.#calculate({ id: NEWS, params: { dirtyRanges } });
  }

  // Univer lets a change rest for 100 ms, in case more is typed. News has been waited for: where nothing else is under way,
  // it is calculated at once, as Univer does when the time is over.
  #calculate(news) {
    const trigger = this.inside.get(UniverSheetsFormula.TriggerCalculationController);
    if (trigger._waitingCommandQueue.length || trigger._executionInProgressParams) {
      this.#follows = false; // something was typed as well
      return this.commands.executeCommand(NEWS, news.params, { onlyLocal: true });
    }
    const dirty = trigger._mergeDirty(trigger._executingDirtyData, trigger._generateDirty([news]));
    trigger._executingDirtyData = dirty; // what is begun anew, should an edit stop it
    return this.commands.executeCommand(F.SetFormulaCalculationStartMutation.id, { ...dirty }, { onlyLocal: true });
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
      return engine.value(about, about.explains ? [this.#asked(values[0])] : values.map(given));
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
