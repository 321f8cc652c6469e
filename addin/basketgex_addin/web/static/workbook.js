// The page: Univer's workbook with our functions, its source in its head, kept in this browser.

import { Charts, LOST } from "/static/charts.js";
import { Files, picked } from "/static/files.js";
import { Engine } from "/static/engine.js";
import { Keeper, TEMPLATE, kept, mayKeep } from "/static/keep.js";
import { LOCKED_OUT, Sheet } from "/static/sheet.js";

const by = id => document.getElementById(id);
const CLOSED = "This page was opened without its key. Run basketgex web in a terminal: it opens the workbook.";
const SECOND = "The workbook is open in another tab, which keeps it: what you change here is lost when you close this tab.";
// Univer's own English lacks what its progress bar says, and shows the names of these texts instead.
const PROGRESS = {
  "sheets-formula": { progress: {
    analyzing: "Reading the formulas", calculating: "Calculating", "array-analysis": "Reading the tables",
    "array-calculation": "Calculating tables", done: "Done",
  } },
};
const SELECTS = "sheet.operation.set-selections";
const CHANGES = /^sheet\.mutation\./; // of the workbook: not of the editor's text, nor how a calculation gets on
const SHIFTS = /\.(insert|remove|move)-(row|rows|col|cols|range|columns)|\.move-range|\.(insert|remove)-sheet/;

const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

let engine, notice = "";

function note(sentence) {
  notice = sentence;
  by("notice").textContent = sentence;
  by("notice").hidden = !sentence;
}

// A workbook to begin with: three names, their weights, and the first formula to type.
function first() {
  const text = (v, s) => ({ v, ...(s && { s }) });
  return {
    id: crypto.randomUUID(), name: "Workbook", appVersion: "0.25.1", locale: "enUS", sheetOrder: ["basket"],
    styles: { head: { bl: 1 }, hint: { it: 1, cl: { rgb: "#57606a" } } },
    sheets: { basket: {
      id: "basket", name: "Basket", rowCount: 200, columnCount: 26, defaultColumnWidth: 118,
      cellData: {
        0: { 0: text("NVDA"), 1: { v: 50 } }, 1: { 0: text("AMD"), 1: { v: 30 } }, 2: { 0: text("AVGO"), 1: { v: 20 } },
        4: { 0: text("Type =BASKETGEX(A1:A3,B1:B3) into a cell, or =BASKET(A1:A3,B1:B3,TRUE) for a row per name.", "hint") },
      },
    } },
  };
}

// What the formula bar says of a function while it is typed.
function described(about) {
  return {
    functionName: about.name, functionType: UniverEngineFormula.FunctionType.User,
    description: about.summary, abstract: about.summary,
    functionParameter: about.arguments.map(([name, detail, optional, otherwise]) => ({
      name, detail: optional ? `${detail} Left out: ${otherwise}.` : detail, example: "", require: optional ? 0 : 1, repeat: 0,
    })),
  };
}

async function sayWhatServes(sheet) {
  const { server } = await sheet.get("status");
  by("source").textContent = server.sentence || server.problem;
  by("source").className = server.synthetic ? "synthetic" : "";
}

function csv(rows) {
  const cell = value => {
    const text = value == null ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const filled = rows.map(row => row.map(cell));
  while (filled.length && filled.at(-1).every(text => !text)) filled.pop();
  const width = Math.max(0, ...filled.map(row => row.findLastIndex(text => text) + 1));
  return filled.map(row => row.slice(0, width).join(",")).join("\r\n") + "\r\n";
}

function download(name, parts, type = "text/csv") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([parts], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

async function begin() {
  const version = document.querySelector("meta[name=version]").content;
  const sheet = new Sheet(version, {
    changed: news => engine?.changed(news),
    forget: () => { engine?.forget(); sayWhatServes(sheet).catch(() => {}); },
    reached: sentence => { if (sentence || ![SECOND, LOST].includes(notice)) note(sentence); },
  });
  if (!await sheet.enter()) return note(CLOSED);
  const keeps = await mayKeep();
  // May have to start the server: the sheet is there before, but no figure whose source is not named.
  sheet.ready = sayWhatServes(sheet).catch(error => note(error.message));
  const [table, books, before] = await Promise.all([
    sheet.get("functions"), sheet.get("books"), keeps ? kept() : undefined,
  ]);

  const { createUniver } = UniverPresets, { LocaleType, mergeLocales } = UniverCore;
  const { univer, univerAPI } = createUniver({
    locale: LocaleType.EN_US,
    locales: {
      [LocaleType.EN_US]: mergeLocales(UniverPresetSheetsCoreEnUS, UniverPresetSheetsConditionalFormattingEnUS, PROGRESS),
    },
    presets: [
      UniverPresetSheetsCore.UniverSheetsCorePreset({ container: "workbook", formula: { initialFormulaComputing: 0 } }),
      UniverPresetSheetsConditionalFormatting.UniverSheetsConditionalFormattingPreset(),
    ],
  });
  engine = new Engine(univer, univerAPI, sheet, table); // before the workbook, whose formulas need its functions
  const book = univerAPI.createWorkbook(before ?? (TEMPLATE === null ? first() : await sheet.get(`books/${TEMPLATE}`)));
  univer.__getInjector().get(UniverSheetsFormula.IDescriptionService).registerDescriptions(table.map(described));

  const charts = new Charts(univerAPI, engine, book.getWorkbook().getSnapshot().custom?.charts, document.body, by("echarts").content);
  const files = new Files(univerAPI, engine, book);
  const keeper = keeps ? new Keeper(() => book.save(), note) : null;
  if (!keeps) note(SECOND);
  univerAPI.addEvent(univerAPI.Event.CommandExecuted, ({ id, type }) => {
    if (id === SELECTS) sayWhy();
    if (files.isFormat(id)) files.note("formatted");
    if (type !== UniverCore.CommandType.MUTATION || !CHANGES.test(id)) return;
    keeper?.changed();
    if (SHIFTS.test(id)) {
      files.note("moved");
      engine.triggers.clear();
    }
    if (SHIFTS.test(id) && charts.drop()) { // their ranges would be those of other cells
      delete book.getWorkbook().getSnapshot().custom.charts;
      note(LOST);
    }
    if (SHIFTS.test(id)) univerAPI.getFormula().executeCalculation(); // what shows what is noted by its place
  });
  const sayWhy = () => { // why the chosen cell has no value
    const chosen = univerAPI.getActiveWorkbook().getActiveRange();
    const said = !chosen ? [] : engine.reasonsOf({
      unitId: chosen.getUnitId(), sheetId: chosen.getSheetId(), row: chosen.getRow(), column: chosen.getColumn(),
    });
    by("reason").textContent = said.join(" ");
    by("reason").hidden = !said.length;
  };
  univerAPI.getFormula().calculationEnd(sayWhy);
  setInterval(() => engine.sweep(), 10000);

  by("books").append(...books.map(([name, title]) => new Option(title, name, false, name === TEMPLATE)));
  by("books").onchange = async () => {
    if (keeper && !keeper.settled) await keeper.write();
    location.assign(by("books").value ? `/?book=${by("books").value}` : "/");
  };
  by("refresh").onclick = async () => {
    by("refresh").disabled = true;
    try {
      const said = await engine.refresh();
      note(said);
      await sayWhatServes(sheet);
    } catch (error) {
      note(error.status === 401 ? LOCKED_OUT : error.message);
    } finally {
      by("refresh").disabled = false;
    }
  };
  by("export").onclick = () => {
    const active = univerAPI.getActiveWorkbook().getActiveSheet();
    download(`${active.getSheetName()}.csv`, csv(active.getRange(0, 0, active.getMaxRows(), active.getMaxColumns()).getValues()));
  };
  by("open").onclick = async () => {
    try {
      const file = await picked();
      if (!file) return;
      const { workbook } = await sheet.post("open", { file: file.content });
      if (!keeper) return note(SECOND);
      await keeper.take(Object.assign(workbook, { id: crypto.randomUUID(), name: file.name, custom: { ...workbook.custom, file: file.content } }));
      location.assign("/");
    } catch (error) {
      note(error.message);
    }
  };
  by("save").onclick = async () => {
    try {
      const { file, lost } = await sheet.post("save", files.content());
      if (lost.length && !confirm(`${lost.join("\n")}\n\nSave the file all the same?`)) return;
      download(`${book.getName() || "Workbook"}.xlsx`.replace(/(\.xlsx)+$/i, ".xlsx"), Uint8Array.from(atob(file), c => c.charCodeAt(0)), XLSX);
    } catch (error) {
      note(error.message);
    }
  };
  by("new").onclick = async () => {
    if (!confirm("Begin a new workbook? The present one is removed from this browser.")) return;
    await keeper?.forget();
    location.reload();
  };
  document.querySelectorAll("body > header :disabled").forEach(control => { control.disabled = false; });
  sheet.listen();
  window.basketgex = { sheet, engine, charts, files, keeper, univerAPI }; // for whoever looks under the bonnet, tests among them
}

begin().catch(error => note(`The workbook could not be opened: ${error.message}`));
