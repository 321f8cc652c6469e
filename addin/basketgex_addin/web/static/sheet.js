// A page's one way to its host: cells that ask together, and news of those that changed.

const AT_ONCE = 2; // requests for cells under way; what comes meanwhile leaves together
const MOST_CALLS = 500; // cells in one request,
const MOST_TEXT = 4 << 20; // and characters
const PAUSE = 1000; // milliseconds until a page asks again that was not let wait
const LONGEST_PAUSE = 15000;

export const UNREACHED = "The web host does not answer. Run basketgex web in a terminal; this page goes on by itself.";
export const LOCKED_OUT = "This page's key is no longer good. Run basketgex web to open the workbook again.";

export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

export class Sheet {
  #page = crypto.randomUUID();
  #key = "";
  #version;
  #queue = [];
  #underWay = 0;
  #dropped = [];
  #generation = "";
  #reached = true;

  // `changed` is told of results by call, `forget` that every figure is of another source or server now, `reached` whether
  // the host answers: "" or a sentence. `version` is that of this page's own files.
  constructor(version, { changed, forget, reached }) {
    this.#version = version;
    this.changed = changed;
    this.forget = forget;
    this.reached = reached;
    this.live = false;
    this.ready = Promise.resolve(); // before which no cell asks
    this.counts = { requests: 0, calls: 0, news: 0 };
  }

  // A ticket in the address is traded for the key, once. The key stays in this tab: no cookie, which every port would get.
  async enter() {
    const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
    if (ticket) {
      history.replaceState(null, "", location.pathname + location.search);
      const reply = await fetch("/sheet/enter", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ticket }),
      });
      if (reply.ok) sessionStorage.setItem("key", (await reply.json()).key);
    }
    this.#key = sessionStorage.getItem("key") ?? "";
    return this.#key !== "";
  }

  // A page that was given its key otherwise.
  use(key) {
    this.#key = key;
  }

  get(path) {
    return this.#send(path, { headers: { Authorization: `Bearer ${this.#key}` } });
  }

  post(path, said) {
    return this.#send(path, {
      method: "POST", body: JSON.stringify(said),
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#key}` },
    });
  }

  // Returns a promise of what a call shows. The first leaves at the end of the running task. `again`: its trigger has changed.
  ask(call, size, again = false) {
    return new Promise(done => {
      this.#queue.push({ call, size, again, done });
      this.ready.then(() => this.#flush());
    });
  }

  drop(calls) {
    this.#dropped.push(...calls);
  }

  // Asks the source again for what the calls show; returns what a person is to be told, or "".
  async refresh(calls) {
    const said = [];
    for (let from = 0; from < calls.length; from += MOST_CALLS)
      said.push((await this.post("refresh", { page: this.#page, calls: calls.slice(from, from + MOST_CALLS) })).said);
    return [...new Set(said.filter(Boolean))].join(" ");
  }

  // Waits for news for ever: of live cells, and of another source or server behind the figures.
  async listen() {
    for (let pause = PAUSE, known = false; ;) {
      try {
        const { changed, held, anew } = await this.post("news", { page: this.#page, generation: this.#generation });
        this.counts.news++;
        if (anew && known) this.forget(); // a page that slept was taken for closed: nothing of it is watched any more
        known = true;
        if (changed.length) this.changed(changed);
        pause = PAUSE;
        if (held) continue;
      } catch (error) {
        if (error.status === 401) return;
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
      await new Promise(go => setTimeout(go, pause));
    }
  }

  async #flush() {
    if (!this.#queue.length || this.#underWay >= AT_ONCE) return;
    let count = 0;
    for (let text = 0; count < Math.min(this.#queue.length, MOST_CALLS); count++)
      if ((text += this.#queue[count].size) > MOST_TEXT && count) break;
    const sent = this.#queue.splice(0, count), drop = this.#dropped.splice(0, MOST_CALLS);
    this.#underWay++;
    this.counts.requests++;
    this.counts.calls += count;
    try {
      const again = sent.filter(one => one.again).map(one => one.call[2]);
      const { results } = await this.post("evaluate", { page: this.#page, drop, again, calls: sent.map(one => one.call) });
      sent.forEach((one, at) => one.done(results[at]));
    } catch (error) {
      sent.forEach(one => one.done({ e: "#N/A", why: error instanceof Refused ? error.message : UNREACHED, passing: true }));
    } finally {
      this.#underWay--;
      this.#flush();
    }
  }

  async #send(path, how) {
    let reply;
    try {
      reply = await fetch(`/sheet/${path}`, how);
    } catch (error) {
      this.#tell(UNREACHED);
      throw error;
    }
    if (reply.status === 401) this.#tell(LOCKED_OUT);
    if (!reply.ok) throw new Refused(reply.status, (await reply.json().catch(() => ({}))).problem ?? "The web host refused.");
    const said = await reply.json();
    if (said.version) this.#heard(said);
    return said;
  }

  #heard({ version, generation, live }) {
    if (version !== this.#version) location.reload(); // files of another version than those that answer
    const before = this.#generation, back = !this.#reached;
    this.#generation = generation;
    const other = live !== this.live;
    this.live = live;
    this.#tell("");
    if ((before && generation !== before) || back || other) this.forget();
  }

  #tell(sentence) {
    this.#reached = sentence === "";
    this.reached(sentence);
  }
}
