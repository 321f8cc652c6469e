// When BASKETREFRESH's trigger has changed in its cell. The page knows of every calculation what each cell called in the end.

export class Triggers {
  #cells = new Map(); // by cell, by basket: the triggers when it was last calculated

  constructor(table) {
    this.starts = table.filter(about => about.triggered).map(({ name }) => `["${name}",`);
  }

  // Which of a cell's calls have another trigger than before. A cell's first call for a basket has none before.
  changed(cell, keys) {
    const calls = [...keys].filter(key => this.starts.some(start => key.startsWith(start)));
    if (!calls.length) return calls;
    const baskets = this.#cells.get(cell) ?? new Map();
    this.#cells.set(cell, baskets);
    return [...Map.groupBy(calls, key => JSON.stringify(JSON.parse(key)[1][0]))].flatMap(([basket, same]) => {
      const before = baskets.get(basket), other = same.filter(key => !before?.has(triggerOf(key)));
      if (other.length) baskets.set(basket, new Set(same.map(triggerOf)));
      return before ? other : [];
    });
  }

  forget(cell) {
    this.#cells.delete(cell);
  }

  // Cells have moved: what stands where another one stood is seen for the first time.
  clear() {
    this.#cells.clear();
  }
}

// Of a range the first cell is the trigger.
function triggerOf(key) {
  const trigger = JSON.parse(key)[1][1];
  return JSON.stringify((Array.isArray(trigger) ? trigger[0]?.[0] : trigger) ?? null);
}
