// The playground: a form for each address of the gateway, made from the document in which it describes itself.

import { enter } from "/static/page.js";
import { SAMPLES } from "/static/samples.js";

const FIRST = { symbol: "NVDA", symbols: "NVDA,AMD,AVGO", index: "SPX" }; // where something has to be given
const LONGEST = 200000; // characters of a reply that are shown
const by = id => document.getElementById(id);

function made(tag, text, more = {}) {
  const element = Object.assign(document.createElement(tag), more);
  if (text !== undefined) element.textContent = text;
  return element;
}

// An address with what a form gives: what is left empty is not sent.
export function path(template, parameters, value) {
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(value(name)));
  const query = parameters.filter(one => one.in === "query" && value(one.name) !== "")
    .map(one => `${one.name}=${encodeURIComponent(value(one.name)).replaceAll("%2C", ",")}`);
  return query.length ? `${filled}?${query.join("&")}` : filled;
}

function field({ name, schema, required }, id) {
  if (schema.enum) {
    const choice = made("select", undefined, { id, name });
    choice.append(...(required ? [] : [new Option("", "")]), ...schema.enum.map(one => new Option(one, one)));
    return choice;
  }
  const input = made("input", undefined, { id, name, autocomplete: "off", spellcheck: false });
  input.type = schema.format === "date" ? "date" : "text";
  if (required) input.value = FIRST[name] ?? "";
  return input;
}

function form(operation) {
  const fields = made("form", undefined, { className: "fields" });
  for (const one of operation.parameters ?? []) {
    const id = `${operation.operationId}-${one.name}`;
    fields.append(
      made("label", one.required ? one.name : `${one.name} (optional)`, { htmlFor: id }), field(one, id),
      made("span", one.description, { className: "hint" }),
    );
  }
  fields.append(made("button", "Ask", { type: "submit", className: "go" }));
  return fields;
}

// A text that scrolls, and can be reached by the keyboard for it.
function box(name) {
  const text = made("pre", "", { tabIndex: 0 });
  text.setAttribute("role", "region");
  text.setAttribute("aria-label", name);
  return text;
}

function choices(operation, chosen) {
  const group = made("fieldset");
  group.append(made("legend", "The same call as"));
  for (const [at, name] of Object.keys(SAMPLES).entries()) {
    const label = made("label");
    const radio = made("input", undefined, { type: "radio", name: `${operation.operationId}-as`, value: name, checked: !at });
    radio.onchange = () => chosen(name);
    label.append(radio, ` ${name}`);
    group.append(label);
  }
  return group;
}

function pretty(body) {
  let text = body;
  try {
    text = JSON.stringify(JSON.parse(body), null, 2);
  } catch {} // shown as it came
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n… and ${text.length - LONGEST} characters more` : text;
}

function address(sheet, template, operation, { url, token_file }) {
  const parameters = operation.parameters ?? [], fields = form(operation);
  const key = operation.security?.length === 0 ? "" : token_file;
  const request = box("The request"), sample = box("The same call"), state = made("p", "", { className: "state" }), body = box("The reply");
  state.setAttribute("role", "status");
  body.hidden = true;
  let as = Object.keys(SAMPLES)[0];
  const asked = () => path(template, parameters, name => fields.elements[name].value.trim());
  const write = () => {
    request.textContent = `GET ${url}${asked()}${key ? "\nX-Api-Key: the token of this home" : ""}`;
    sample.textContent = SAMPLES[as](url + asked(), key);
  };
  fields.oninput = write;
  fields.onsubmit = async event => {
    event.preventDefault();
    const go = fields.querySelector("button"), began = performance.now();
    go.disabled = true;
    state.textContent = "Asking…";
    try {
      const found = await sheet.post("try", { path: asked() });
      const more = Object.entries(found.headers ?? {}).filter(([name]) => name !== "content-type");
      state.textContent = found.problem ?? [`Status ${found.status}`, `${Math.round(performance.now() - began)} ms`,
        ...more.map(([name, value]) => `${name}: ${value}`)].join("; ");
      body.hidden = found.body === undefined;
      body.textContent = found.body === undefined ? "" : pretty(found.body);
    } catch (error) {
      state.textContent = error.message;
    } finally {
      go.disabled = false;
    }
  };
  write();
  const whole = made("details", undefined, { className: "address", id: operation.operationId });
  const head = made("summary");
  head.append(made("code", `GET ${template}`), operation.summary);
  whole.append(head, fields, request, choices(operation, name => { as = name; write(); }), sample, state, body);
  return whole;
}

async function begin() {
  const sheet = await enter();
  if (!sheet) {
    by("where").textContent = "";
    return;
  }
  try {
    const found = await sheet.get("gateway");
    by("where").textContent = found.problem ?? `The gateway listens at ${found.url}; its key is the home's token.`;
    if (found.problem) return;
    const all = Object.entries(found.document.paths).map(([template, { get }]) => address(sheet, template, get, found));
    by("addresses").append(...all);
    all[0].open = true;
  } catch (error) {
    by("where").textContent = error.message;
  }
}

begin();
