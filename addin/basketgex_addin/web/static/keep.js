// The workbook is kept in this browser: by one page at a time, so that two never write over each other.

export const TEMPLATE = new URLSearchParams(location.search).get("book");
const BASE = "basketgex", STORE = "workbooks", PRESENT = TEMPLATE === null ? "present" : `template ${TEMPLATE}`;
const GOING = 1000; // milliseconds in which a page that is reloaded lets go
const AFTER = 1000; // milliseconds from a change until it is written

function store(mode, act) {
  return new Promise((done, failed) => {
    const opening = indexedDB.open(BASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const base = opening.result, transaction = base.transaction(STORE, mode), request = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => { base.close(); done(request.result); };
      transaction.onabort = transaction.onerror = () => { base.close(); failed(transaction.error); };
    };
  });
}

// Tells whether this page is the one that keeps the workbook; it stays so until it goes. One that is going has a moment.
export function mayKeep() {
  return new Promise(told => {
    const hold = () => { told(true); return new Promise(() => {}); };
    navigator.locks.request(`basketgex ${PRESENT}`, { signal: AbortSignal.timeout(GOING) }, hold).catch(() => told(false));
  });
}

export const kept = () => store("readonly", workbooks => workbooks.get(PRESENT)).catch(() => undefined);

// A workbook without what its formulas gave: when it is opened again those figures may be of another source.
function withoutFigures(workbook) {
  for (const sheet of Object.values(workbook.sheets))
    for (const row of Object.values(sheet.cellData ?? {}))
      for (const cell of Object.values(row)) if (cell?.f || cell?.si) delete cell.v;
  return workbook;
}

// Writes a workbook down, a moment after each change and when the page goes.
export class Keeper {
  #timer = 0;

  constructor(snapshot, failed) {
    this.snapshot = snapshot;
    this.failed = failed;
    addEventListener("visibilitychange", () => document.hidden && this.#timer && this.write());
    addEventListener("pagehide", () => this.#timer && this.write());
  }

  get settled() {
    return !this.#timer;
  }

  // What has gone out of the browser is not written down again as the page goes.
  async forget() {
    this.changed = () => {};
    clearTimeout(this.#timer);
    this.#timer = 0;
    await store("readwrite", workbooks => workbooks.delete(PRESENT));
  }

  // Keeps another workbook in place of the present one, which goes.
  async take(workbook) {
    await this.forget();
    await store("readwrite", workbooks => workbooks.put(workbook, "present"));
  }

  changed() {
    this.#timer ||= setTimeout(() => this.write(), AFTER);
  }

  async write() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    try {
      await store("readwrite", workbooks => workbooks.put(withoutFigures(structuredClone(this.snapshot())), PRESENT));
    } catch {
      this.failed("This browser could not keep the workbook: export it before you close the page.");
    }
  }
}
