// The status page: what serves, what it has spent, what doctor found; and two actions that ask first.

// Office shows the pane in a frame, in which a browser's own questions do not come up.
function agreed(question) {
  by("question").textContent = question;
  by("ask").returnValue = "";
  by("ask").showModal();
  return new Promise(go => by("ask").addEventListener("close", () => go(by("ask").returnValue === "yes"), { once: true }));
}

const OFTEN = 5000; // milliseconds between two looks, while the page is visible
const by = id => document.getElementById(id);
const number = value => value.toLocaleString("en-US");
const many = (count, one, more = `${one}s`) => `${number(count)} ${count === 1 ? one : more}`;
const moment = seconds => `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;

let sheet, seen = null;

function facts({ server, quota, shown }) {
  const all = [];
  const say = (name, text) => { if (text) all.push([name, text]); };
  if (server.sentence) {
    say("Figures", server.synthetic ? "synthetic: invented, for trying out" : "of a real source");
    say("Source", server.label || server.source);
    say("Convention", server.convention);
    say("Server", `version ${server.version}, since ${moment(server.started_at)}, at ${server.at}${server.desk ? ", a desk" : `, process ${server.pid}`}`);
    say("REST gateway", server.http ? `http://${server.http}` : "off");
    say("Answered", `${many(server.requests, "request")} for ${many(server.baskets, "basket")}, with ` +
      `${many(server.source_calls, "source call")} for ${many(server.symbols_fetched, "symbol")}`);
    say("Debits", server.metered
      ? `${number(server.debits_today)} today, ${number(server.debits_total)} in all` : "none: the source costs nothing");
    say("Quota", quota.join(" "));
    say("Watched", many(server.watches, "stream of live cells", "streams of live cells"));
    say("On their way", server.awaited ? many(server.awaited, "symbol") : "");
    say("Last problem", server.last_problem || "none");
    say("Settings", server.settings_notice);
  }
  say("Open pages show", `${many(shown.baskets, "basket")} of ${many(shown.names, "name")} on ${many(shown.pages, "page")}`);
  return all;
}

function show(report) {
  seen = report;
  const { server } = report;
  by("source").textContent = server.sentence || server.problem;
  by("source").className = server.synthetic ? "synthetic" : "";
  by("facts").replaceChildren(...facts(report).flatMap(([name, text]) => {
    const term = document.createElement("dt"), said = document.createElement("dd");
    term.textContent = name;
    said.textContent = text;
    return [term, said];
  }));
  by("refresh").disabled = !report.shown.baskets;
  by("end").disabled = !server.serves || Boolean(server.desk);
}

async function look() {
  by("look").disabled = true;
  by("looked").textContent = "Looking…";
  try {
    const { checks } = await sheet.get("doctor");
    by("checks").tBodies[0].replaceChildren(...checks.map(([name, state, found]) => {
      const row = document.createElement("tr");
      row.className = state;
      row.append(...[state, name, found].map(text => {
        const cell = document.createElement("td");
        cell.textContent = text;
        return cell;
      }));
      return row;
    }));
    by("checks").hidden = false;
    const wrong = checks.filter(([, state]) => state !== "ok").length;
    by("looked").textContent = wrong ? `${many(wrong, "line")} to look at.` : "Everything is in order.";
  } catch (error) {
    by("looked").textContent = error.message;
  } finally {
    by("look").disabled = false;
  }
}

function price() {
  const { server, shown } = seen;
  const what = `Ask the source again for ${many(shown.baskets, "basket")} of ${many(shown.names, "name")}?`;
  if (!server.sentence) return `${what} This starts the server; a metered source counts a debit per call.`;
  if (!server.metered) return `${what} The source costs nothing.`;
  const calls = server.seats ? Math.ceil(shown.names / server.seats) : 1;
  return `${what} This may cost ${many(calls, "debit")}.`;
}

async function act(question, path) {
  if (!await agreed(question)) return;
  by("refresh").disabled = by("end").disabled = true;
  try {
    by("said").textContent = (await sheet.post(path, {})).said || "Done: every page asks for its figures again.";
  } catch (error) {
    by("said").textContent = error.message;
  }
  await report();
}

async function report() {
  try {
    show(await sheet.get("report"));
  } catch {} // the notice says it
}

export async function watch(way) {
  sheet = way;
  by("refresh").onclick = () => act(price(), "refresh-shown");
  by("end").onclick = () => act("End the server? The next question starts it again; open pages go on.", "end");
  by("look").onclick = look;
  await report();
  look();
  setInterval(() => document.hidden || report(), OFTEN);
  document.addEventListener("visibilitychange", () => document.hidden || report());
}
