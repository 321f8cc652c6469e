// The worksheet functions in Excel, and the pane beside them: whatever a cell shows is worked out by the host.
//
// Excel gives each function the cell that asks, and those that are to be told new values a way to do so (setResult). Which it
// is stands in functions.json; here both go the same way.

import { note } from "/static/page.js";
import { Sheet } from "/static/sheet.js";
import { watch } from "/static/status.js";

const AGES = 30000; // milliseconds between two looks at an age
const TOGETHER = 1000; // milliseconds within which calls of a cell belong to one calculation

const { live, functions } = JSON.parse(document.getElementById("known").textContent);
const streams = new Map(); // by what the host calls it: the call, and where its values go
const places = new Map(); // by address: a number for the cell
const calls = new Map(); // by address: what the cell called, for BASKETEXPLAIN
let next = 0;

const sheet = new Sheet(document.querySelector("meta[name=version]").content, {
  changed: news => news.forEach(([id, value]) => streams.get(id)?.show(value)),
  forget, reached: note,
});

// The cells' figures are of another source, server or mode now.
function forget() {
  for (const { again } of streams.values()) again();
  if (!sheet.live) globalThis.Excel?.run?.(async context => {
    context.workbook.application.calculate("Full");
    await context.sync();
  }).catch(() => note("Press Ctrl+Alt+F9: the figures are of another source or server now."));
}

function fault({ e, why }) {
  const codes = CustomFunctions.ErrorCode;
  const known = { "#VALUE!": codes.invalidValue, "#NAME?": codes.invalidName };
  return new CustomFunctions.Error(known[e] ?? codes.notAvailable, why);
}

// Between Excel's values and the host's: an error is an object on both sides.
const isFault = value => value !== null && typeof value === "object";
const given = value => value == null ? null : Array.isArray(value) ? value.map(given) : isFault(value) ? { e: value.code } : value;
const inside = value => value === null ? "" : isFault(value) ? fault(value) : value;
const shown = value => Array.isArray(value) ? value.map(row => row.map(inside)) : inside(value);

function placeOf(address) {
  if (!places.has(address)) places.set(address, places.size + 1);
  return places.get(address);
}

function remember(address, name, args) {
  const now = performance.now(), before = calls.get(address);
  if (before && now - before.since < TOGETHER) before.asked.push([name, args]);
  else calls.set(address, { since: now, asked: [[name, args]] });
}

// An address as Excel has it for one cell, of a range its first.
const first = address => address.replaceAll("$", "").replace(/:[^!]*$/, "");

function ask(call) {
  return sheet.ask(call, JSON.stringify(call).length);
}

function one(name, explains, ages) {
  return (...values) => {
    const how = values.pop(), address = first(how.address ?? ""), place = `${placeOf(address)}.${name}`;
    const args = explains ? [calls.get(first(how.parameterAddresses?.[0] ?? ""))?.asked ?? []] : values.map(given);
    if (!explains) remember(address, name, args);
    if (!how.setResult) {
      return ask([name, args, place]).then(value => {
        if (!Array.isArray(value) && isFault(value)) throw fault(value);
        return shown(value);
      });
    }
    const id = `${place}.${++next}`;
    const show = value => how.setResult(shown(value));
    const again = () => ask([name, args, id]).then(value => { if (streams.has(id)) show(value); });
    const looks = ages ? setInterval(again, AGES) : 0;
    streams.set(id, { show, again });
    how.onCanceled = () => {
      clearInterval(looks);
      streams.delete(id);
      sheet.drop([id]);
    };
    again();
    return undefined;
  };
}

sheet.live = live;
sheet.use(location.pathname.split("/")[2]);
document.querySelector("nav").hidden = true;
await Office.onReady();
for (const [name, explains, ages] of functions) CustomFunctions.associate(name, one(name, explains, ages));
watch(sheet);
sheet.listen();
window.basketgex = { sheet, streams };
