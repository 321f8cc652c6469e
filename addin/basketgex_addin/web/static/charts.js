// The charts of a workbook, drawn over its sheet by ECharts from the workbook's own definitions: they show what the cells show.

const HEAD = 20, NUMBERS = 46; // pixels of the sheet's own headings
const LATER = 100; // milliseconds
const PLACES = /^sheet\.(operation|mutation)\.(set-scroll|set-worksheet-active|set-zoom|set-worksheet-(row|col)|set-frozen|scroll)|zoom|scroll/;
export const LOST = "The charts are no longer drawn: they do not follow rows, columns and sheets that are put in or taken out.";

export class Charts {
  #drawn = []; // the chart, where it is drawn, and what it shows
  #due = 0;
  #element;

  constructor(univerAPI, engine, charts, place, script) {
    this.api = univerAPI;
    this.engine = engine;
    this.#element = document.createElement("div");
    this.#element.id = "charts";
    place.append(this.#element);
    if (charts?.length) this.#load(script).then(() => this.#draw(charts));
    univerAPI.addEvent(univerAPI.Event.CommandExecuted, ({ id }) => PLACES.test(id) && this.soon());
    univerAPI.getFormula().calculationEnd(() => this.soon());
    addEventListener("resize", () => this.soon());
  }

  get settled() {
    return !this.#due;
  }

  // What each chart shows: sheet, title, and the name and points of its series.
  get shown() {
    return this.#drawn.filter(({ data }) => data).map(({ chart, data }) => ({ sheet: chart.sheet, title: chart.option.title?.text ?? "", series: JSON.parse(data).series }));
  }

  soon() {
    if (this.#drawn.length) this.#due ||= requestAnimationFrame(() => { this.#due = 0; this.#update(); });
  }

  drop() {
    const some = this.#drawn.length > 0;
    for (const { drawing, box } of this.#drawn) { drawing.dispose(); box.remove(); }
    this.#drawn = [];
    return some;
  }

  #load(source) {
    return new Promise((done, failed) => {
      const script = Object.assign(document.createElement("script"), { src: source, onload: done, onerror: failed });
      document.head.append(script);
    });
  }

  #draw(charts) {
    for (const chart of structuredClone(charts)) {
      const box = document.createElement("div");
      box.setAttribute("role", "img");
      this.#element.append(box);
      formatted(chart.option);
      this.#drawn.push({ chart, box, data: "", drawing: echarts.init(box, null, { width: 100, height: 100 }) });
    }
    this.soon();
  }

  #update() {
    const book = this.api.getActiveWorkbook(), sheet = book.getActiveSheet(), inside = sheet.getSheet();
    const canvas = [...document.querySelectorAll("#workbook canvas")].map(c => c.getBoundingClientRect())
      .reduce((a, b) => a && a.width * a.height > b.width * b.height ? a : b, null);
    const scroll = scrollOf(sheet);
    if (!canvas?.width || !scroll) return setTimeout(() => this.soon(), LATER); // the sheet is not painted yet
    const zoom = inside.getZoomRatio(), { offsetX = 0, offsetY = 0, ...at } = scroll;
    Object.assign(this.#element.style, {
      left: `${canvas.left + NUMBERS * zoom}px`, top: `${canvas.top + HEAD * zoom}px`,
      width: `${canvas.width - NUMBERS * zoom}px`, height: `${canvas.height - HEAD * zoom}px`,
    });
    const freeze = inside.getFreeze(), across = index => span(index, c => inside.getColumnWidth(c), c => inside.getColVisible(c));
    const down = index => span(index, r => inside.getRowHeight(r), r => inside.getRowVisible(r));
    const frozen = [Math.max(freeze.startColumn, 0), Math.max(freeze.startRow, 0)];
    const scrolled = {
      x: across(Math.max(at.sheetViewStartColumn ?? 0, frozen[0])) - across(frozen[0]) + offsetX,
      y: down(Math.max(at.sheetViewStartRow ?? 0, frozen[1])) - down(frozen[1]) + offsetY,
    };
    for (const one of this.#drawn) {
      const { chart, box, drawing } = one;
      box.hidden = chart.sheet !== sheet.getSheetName();
      const left = across(chart.from.column) + chart.from.right, top = down(chart.from.row) + chart.from.down;
      const [width, height] = chart.size ?? [across(chart.to.column) + chart.to.right - left, down(chart.to.row) + chart.to.down - top];
      const x = chart.from.column < frozen[0] ? left : left - scrolled.x, y = chart.from.row < frozen[1] ? top : top - scrolled.y;
      // What scrolls is hidden behind what is frozen.
      const clip = [chart.from.row < frozen[1] ? 0 : Math.max(0, down(frozen[1]) - y), chart.from.column < frozen[0] ? 0 : Math.max(0, across(frozen[0]) - x)];
      Object.assign(box.style, {
        transform: `translate(${x * zoom}px, ${y * zoom}px) scale(${zoom})`, width: `${width}px`, height: `${height}px`,
        clipPath: `inset(${clip[0]}px 0 0 ${clip[1]}px)`,
      });
      const data = this.#data(book, chart), text = JSON.stringify({ ...data, width, height });
      if (text === one.data) continue;
      one.data = text;
      if (drawing.getWidth() !== width || drawing.getHeight() !== height) drawing.resize({ width, height });
      drawing.setOption(option(chart.option, data), { notMerge: true });
      box.setAttribute("aria-label", `Chart: ${chart.option.title?.text ?? data.series.map(series => series.name).join(", ")}`);
    }
  }

  #data(book, chart) {
    const cells = reference => reference ? this.#cells(book, reference) : [];
    const series = chart.series.map((one, at) => {
      const values = cells(one.values).map(number), against = cells(one.against);
      const name = one.name ? String(cells(one.name)[0] ?? "") : chart.option.series[at].name;
      return { name, values, against };
    });
    return { series };
  }

  // The cells of a range as they are, spilled ones too; an error or a blank is null.
  #cells(book, reference) {
    const bang = reference.lastIndexOf("!"), name = reference.slice(0, bang).replace(/^'|'$/g, "").replaceAll("''", "'");
    const sheet = book.getSheetByName(name);
    const ends = reference.slice(bang + 1).replaceAll("$", "").split(":").map(text => /^([A-Z]+)(\d+)$/.exec(text));
    if (!sheet || ends.some(end => !end)) return [];
    const [[, left, top], [, right, bottom]] = [ends[0], ends.at(-1)], found = [];
    const spilled = this.engine.spilled[book.getId()]?.[sheet.getSheetId()], matrix = sheet.getSheet();
    for (let row = top - 1; row < bottom; row++)
      for (let column = letters(left); column <= letters(right); column++) {
        const value = matrix.getCellRaw(row, column)?.v ?? spilled?.[row]?.[column]?.v ?? null;
        found.push(value === "" || (typeof value === "string" && value.startsWith("#")) ? null : value);
      }
    return found;
  }
}

// How far a sheet is scrolled; null before Univer has what knows it.
function scrollOf(sheet) {
  try {
    return sheet.getScrollState() ?? {};
  } catch {
    return null;
  }
}

const letters = text => [...text].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1;
const number = value => typeof value === "number" ? value : null;

function span(index, size, visible) {
  let sum = 0;
  for (let at = 0; at < index; at++) if (visible(at)) sum += size(at);
  return sum;
}

// An option with its data: points where both axes are of numbers, else the categories' values.
function option(option, { series }) {
  const points = option.xAxis?.type === "value" && option.yAxis?.type === "value";
  const category = ["xAxis", "yAxis"].find(axis => option[axis]?.type === "category");
  const labels = series[0]?.against.map(value => value ?? "");
  return {
    ...option, ...category && { [category]: { ...option[category], data: labels } },
    series: option.series.map((one, at) => ({
      ...one, name: series[at].name,
      data: points ? series[at].values.map((y, i) => [number(series[at].against[i]), y])
        : one.type === "pie" ? series[at].values.map((value, i) => ({ value, name: String(labels?.[i] ?? "") })) : series[at].values,
    })),
  };
}

// Number formats, which the definitions name by the place where they apply.
function formatted(option) {
  for (const { path, formatCode } of option["x-numFmt"] ?? []) {
    const [axis, , ...rest] = path.split(".");
    if (option[axis]?.axisLabel && rest[0] === "axisLabel")
      option[axis].axisLabel.formatter = value => typeof value === "number" ? UniverCore.numfmt.format(formatCode, value) : value;
  }
  delete option["x-numFmt"];
  delete option.tooltip;
}
