// Charts over time are drawn with uPlot: zoom, a cursor with the exact values, and both shared by all charts with the same range. The server's
// drawing stays in the page for screen readers, and is shown if uPlot does not load. Other charts get a cross-hair. All values come from the
// table below the chart.
import { isLocal } from "./time.js";

const create = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

// --- Charts over time

/// The charts by their figure, and the state that charts with the same range share: the zoomed range.
const charts = new Map();
const groups = new Map();
const two = (number) => String(number).padStart(2, "0");
const seconds = (time) => Date.parse(time) / 1000;
/// The number in a text such as `−1 240 000.50`; NaN for any other text.
const number = (text) => (/^[−\d\s.]+%?\s*$/.test(text) ? Number(text.replace(/[\s%]/g, "").replace("−", "-")) : NaN);

let library = null;
const load = () => library ??= Promise.all([
  new Promise((resolve, reject) => {
    const sheet = Object.assign(document.createElement("link"), {
      rel: "stylesheet", href: "/assets/uPlot.min.css", onload: resolve, onerror: reject,
    });
    // The rules of the page's own style sheet come later.
    document.querySelector("link[rel=stylesheet]").before(sheet);
  }),
  new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("script"), { src: "/assets/uPlot.iife.min.js", onload: resolve, onerror: reject }));
  }),
]);

/// The values of a chart: common times, and for each curve the values and texts at these times. Null if one is not a plain number.
function read(figure) {
  const plot = figure.querySelector(".plot");
  const names = [...figure.querySelectorAll(".legend li")].map((item) => item.textContent.trim());
  const curves = (names.length ? names : [""]).map(() => new Map());
  const times = new Map();
  for (const { cells } of figure.querySelectorAll("details tbody tr")) {
    const time = seconds(cells[0].querySelector("time")?.dateTime);
    const curve = curves[names.length ? names.indexOf(cells[2].textContent.trim()) : 0];
    const value = number(cells[1].textContent);
    if (!Number.isFinite(time) || !Number.isFinite(value)) return null;
    times.set(time, cells[0].textContent);
    curve?.set(time, { value, text: cells[1].textContent });
  }
  let x = [...times.keys()].sort((a, b) => a - b);
  if (!x.length) return null;
  // Like the server: a curve is not drawn over more than four average intervals.
  const longest = names.length ? Infinity : ((x.at(-1) - x[0]) / Math.max(x.length - 1, 1)) * 4;
  x = x.flatMap((time, place) => (time - x[place - 1] > longest ? [(time + x[place - 1]) / 2, time] : [time]));
  const values = curves.map((curve) => x.map((time) => (times.has(time) ? curve.get(time)?.value : null)));
  const range = [seconds(plot.dataset.from), seconds(plot.dataset.to)];
  const listed = [...figure.querySelectorAll(".notes li")].map((item) => {
    const [from, until] = [...item.querySelectorAll("time")].map((time) => seconds(time.dateTime));
    return { from, until, look: item.className, number: item.querySelector("b").textContent, href: item.querySelector("a")?.href };
  });
  return {
    names, times, curves, notes: listed.length ? listed : marks(figure, range), data: [x, ...values], range,
    isLow: plot.classList.contains("low"),
  };
}

/// The annotations of a chart that does not list them, from the server's drawing. They have no numbers.
function marks(figure, [from, to]) {
  const time = (share) => from + (share / 1000) * (to - from);
  return [...figure.querySelectorAll(".note-mark, .note-span")].map((mark) => {
    const start = Number(mark.getAttribute("x1") ?? mark.getAttribute("x"));
    const width = mark.getAttribute("width");
    return { from: time(start), until: width ? time(start + Number(width)) : undefined, look: mark.classList[1] };
  });
}

/// A tick of a value axis, in the server's format.
function tick(value, step) {
  const decimals = (Number(step.toPrecision(4)).toFixed(12).replace(/0+$/, "").split(".")[1] ?? "").length;
  const [whole, rest] = Math.abs(value).toFixed(decimals).split(".");
  const text = whole.replace(/\B(?=(\d{3})+$)/g, "\u202F") + (rest ? `.${rest}` : "");
  return value < 0 && Number(text.replaceAll("\u202F", "")) > 0 ? `−${text}` : text;
}

/// A tick of the time axis: the day at its start, else the time of day, in the selected zone.
function clock(time) {
  const at = new Date(time * 1000);
  const [month, day, hour, minute, second] = isLocal
    ? [at.getMonth(), at.getDate(), at.getHours(), at.getMinutes(), at.getSeconds()]
    : [at.getUTCMonth(), at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  if (!hour && !minute && !second) return `${two(month + 1)}-${two(day)}`;
  return `${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ""}`;
}

/// A colour of the theme.
const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();
/// The height of a chart: that of the server's plot, with its axis.
const height = (figure) => parseFloat(getComputedStyle(figure.querySelector(".plot svg[viewBox]")).height) + 48;
/// The width of the value axis: narrower on phones.
const axisWidth = (plot) => (plot.width < 480 ? 72 : 88);

class TimeChart {
  constructor(figure, values) {
    this.figure = figure;
    this.values = values;
    this.names = values.names.join("\n");
    this.host = Object.assign(document.createElement("div"), { className: "live-plot" });
    this.host.setAttribute("aria-hidden", "true");
    this.flags = Object.assign(document.createElement("div"), { className: "flag-row" });
    this.reset = Object.assign(document.createElement("button"), { type: "button", className: "small", textContent: "Reset zoom", hidden: true });
    this.reset.addEventListener("click", () => { figure.focus(); this.zoom(null); });
    this.reading = Object.assign(document.createElement("output"), { className: "reading" });
    this.bar = Object.assign(document.createElement("div"), { className: "live-bar" });
    this.bar.append(this.reset, this.reading);
    figure.querySelector(".plot").after(this.bar, this.host);
    figure.classList.add("drawn");
    this.plot = new uPlot(this.options(), values.data, this.host);
    this.plot.over.append(this.flags);
    this.place();
    sizes.observe(this.host);
  }

  /// The state shared with the charts of the same range. Their ends differ by the time that the server took.
  get group() {
    const [from, to] = this.values.range;
    const key = String(Math.round((to - from) / 60));
    if (!groups.has(key)) groups.set(key, { key, zoomed: null });
    return groups.get(key);
  }

  options() {
    const { isLow, names } = this.values;
    const text = (name) => () => colour(name);
    const samples = [...this.figure.querySelectorAll(".legend path")].map((path) => getComputedStyle(path));
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const dashes = (sample) => (sample.strokeDasharray === "none" ? [] : sample.strokeDasharray.split(/[ ,]+/).map(parseFloat));
    const lines = names.length
      ? names.map((_, place) => ({ stroke: () => samples[place].stroke, width: 1.75, dash: dashes(samples[place]) }))
      : [{ stroke: text(isLow ? "--bad" : "--link"), fill: text(isLow ? "--bad-back" : "--fill"), fillTo: isLow ? 0 : undefined, width: 1.75 }];
    return {
      width: Math.max(this.host.clientWidth, 160),
      height: height(this.figure),
      padding: [this.values.notes.length ? 20 : 10, 20, 0, 0],
      legend: { show: false },
      tzDate: (time) => (isLocal ? new Date(time * 1000) : uPlot.tzDate(new Date(time * 1000), "Etc/UTC")),
      series: [{}, ...lines.map((line) => ({ ...line, points: { show: this.values.data[0].length === 1, size: 6 }, pxAlign: 0 }))],
      scales: {
        x: { time: true, auto: false, min: this.shown[0], max: this.shown[1] },
        y: isLow ? { range: (_, least) => [least < 0 ? least * 1.1 : -1, 0] } : {},
      },
      axes: [
        {
          stroke: text("--soft"), font, size: 28, grid: { show: false }, ticks: { stroke: text("--line"), size: 4, width: 1 }, space: 72,
          values: (_, splits) => splits.map(clock),
        },
        {
          stroke: text("--soft"), font, size: axisWidth, gap: 8, grid: { stroke: text("--line"), width: 1 }, ticks: { show: false }, space: 40,
          values: (_, splits, axis, space, step) => splits.map((value) => tick(value, step) + (isLow ? " %" : "")),
        },
      ],
      cursor: {
        y: false,
        points: { size: 7, width: 1, fill: text("--ink") },
        drag: { x: true, y: false, setScale: false },
        // The cursor is shared; the zoom is shared by `zoom`, because the charts have different sizes.
        sync: {
          key: this.group.key, setSeries: false, scales: ["x", null],
          filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
        },
        bind: { dblclick: () => () => { this.zoom(null); return null; } },
      },
      hooks: {
        drawClear: [(plot) => this.drawNotes(plot)],
        draw: [() => this.place()],
        setCursor: [() => this.show()],
        setSelect: [(plot) => {
          if (plot.select.width < 4) return;
          const [from, to] = [plot.select.left, plot.select.left + plot.select.width].map((left) => plot.posToVal(left, "x"));
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          this.zoom([from, to]);
        }],
      },
    };
  }

  get shown() { return this.group.zoomed ?? this.values.range; }

  /// Shows a part of the range, or all of it, in all charts of the group.
  zoom(range) {
    const [from, to] = this.values.range;
    const part = range && [Math.max(range[0], from), Math.min(range[1], to)];
    // A second is the least.
    this.group.zoomed = part && part[1] - part[0] >= 1 ? part : part ? this.group.zoomed : null;
    for (const chart of charts.values()) if (chart.group === this.group) chart.rescale();
  }

  rescale() {
    const [min, max] = this.shown;
    this.plot.setScale("x", { min, max });
    this.reset.hidden = !this.group.zoomed;
  }

  /// Lines of events and areas of periods, behind the curves.
  drawNotes(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const { from, until, look } of this.values.notes) {
      const x = Math.round(plot.valToPos(from, "x", true));
      const tone = colour(look === "alert" ? "--bad" : look === "silence" ? "--soft" : look === "version" ? "--halt" : "--ink");
      [ctx.strokeStyle, ctx.fillStyle] = [tone, tone];
      ctx.lineWidth = devicePixelRatio;
      if (until > from) {
        ctx.globalAlpha = 0.15;
        ctx.fillRect(x, bbox.top, Math.max(plot.valToPos(until, "x", true) - x, devicePixelRatio), bbox.height);
        ctx.globalAlpha = 1;
      } else {
        ctx.setLineDash(look === "alert" ? [] : [4 * devicePixelRatio, 3 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
    }
    ctx.restore();
  }

  /// Puts the numbers of the annotations above the plot. Numbers that would overlap are one flag, which leads to the list.
  place() {
    if (!this.plot?.over) return;
    const [min, max] = [this.plot.scales.x.min, this.plot.scales.x.max];
    const shown = this.values.notes.filter(({ number, from, until }) => number && from <= max && (until > from ? until : from) >= min);
    const flags = [];
    for (const note of shown) {
      const left = Math.max(this.plot.valToPos(note.from, "x"), 0);
      const last = flags.at(-1);
      if (last && left - last.left < 36) last.notes.push(note);
      else flags.push({ left, notes: [note] });
    }
    const list = `#${this.figure.querySelector(".notes")?.id}`;
    this.flags.replaceChildren(...flags.map(({ left, notes }) => {
      const [first, last] = [notes[0], notes.at(-1)];
      const flag = document.createElement("a");
      flag.tabIndex = -1;
      flag.className = notes.some((note) => note.look === "alert") ? "alert" : first.look;
      flag.textContent = first === last ? first.number : `${first.number}–${last.number}`;
      const href = first === last ? first.href : list;
      if (href) flag.href = href;
      flag.style.left = `${left}px`;
      return flag;
    }));
  }

  /// Shows the time and the values at the cursor.
  show() {
    if (!this.plot?.over) return;
    const { idx, left } = this.plot.cursor;
    const time = idx == null || left < 0 ? undefined : this.values.data[0][idx];
    const clockText = this.values.times.get(time);
    this.at = clockText === undefined ? null : time;
    if (this.at === null) { this.reading.textContent = ""; return; }
    const { names, curves } = this.values;
    const texts = curves.map((curve, place) => [names[place], curve.get(time)?.text ?? "—"].filter(Boolean).join(" "));
    // Only the chart with the focus is announced to screen readers.
    this.reading.setAttribute("aria-live", this.figure.contains(document.activeElement) ? "polite" : "off");
    this.reading.textContent = [clockText, ...texts].join(" · ");
  }

  moveTo(time, isShared = true) { this.plot.setCursor({ left: this.plot.valToPos(time, "x"), top: 8 }, true, isShared); }

  hideCursor() { this.plot.setCursor({ left: -10, top: -10 }, true, true); }

  key(name) {
    const [min, max] = this.shown;
    const times = this.values.data[0].filter((time) => this.values.times.has(time) && time >= min && time <= max);
    if (!times.length) return name === "0" ? (this.zoom(null), true) : false;
    const last = times.length - 1;
    const now = times.indexOf(this.at) < 0 ? last : times.indexOf(this.at);
    const goTo = (place) => { this.moveTo(times[Math.min(Math.max(place, 0), last)]); return true; };
    const zoomBy = (factor) => {
      const [at, half] = [this.at ?? (min + max) / 2, ((max - min) * factor) / 2];
      const { range } = this.values;
      if (2 * half >= range[1] - range[0]) this.zoom(null);
      else {
        const from = Math.min(Math.max(at - half, range[0]), range[1] - 2 * half);
        this.zoom([from, from + 2 * half]);
      }
      if (this.at !== null) this.moveTo(this.at);
      return true;
    };
    switch (name) {
      case "ArrowLeft": return goTo(now - 1);
      case "ArrowRight": return goTo(now + 1);
      case "Home": return goTo(0);
      case "End": return goTo(last);
      case "+": return zoomBy(0.5);
      case "-": return zoomBy(2);
      case "0": this.zoom(null); return true;
      default: return false;
    }
  }

  /// Draws new values. The zoom and the cursor stay.
  update(values) {
    const at = this.at;
    this.values = values;
    this.plot.batch(() => {
      this.plot.setData(values.data, false);
      const [min, max] = this.shown;
      this.plot.setScale("x", { min, max });
    });
    this.reset.hidden = !this.group.zoomed;
    if (at != null && values.times.has(at)) this.moveTo(at, false);
  }

  destroy() {
    sizes.unobserve(this.host);
    this.plot.destroy();
    for (const part of [this.host, this.bar]) part.remove();
    this.figure.classList.remove("drawn");
    charts.delete(this.figure);
  }
}

const sizes = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const chart = charts.get(target.closest("figure"));
    if (chart && contentRect.width) chart.plot.setSize({ width: contentRect.width, height: height(chart.figure) });
  }
});

/// Draws the charts of a part of the page, and removes those that are gone.
async function draw(root) {
  for (const chart of [...charts.values()]) if (!chart.figure.isConnected) chart.destroy();
  const figures = [...root.querySelectorAll("figure:has(.plot[data-from])")];
  if (!figures.length) return;
  await load();
  for (const figure of figures) {
    if (!figure.isConnected) continue;
    const values = read(figure);
    const old = charts.get(figure);
    if (old && values && old.names === values.names.join("\n") && old.values.isLow === values.isLow) {
      old.update(values);
      continue;
    }
    old?.destroy();
    if (values) charts.set(figure, new TimeChart(figure, values));
  }
}

const drawAll = (root) => draw(root).catch(() => {});
drawAll(document);
document.addEventListener("blockupdate", (event) => drawAll(event.target));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const chart of charts.values()) chart.plot.redraw(); });
document.addEventListener("focusout", (event) => {
  const chart = charts.get(event.target);
  if (chart && !chart.figure.contains(event.relatedTarget)) chart.hideCursor();
});

// --- Other charts

function points(figure) {
  const path = [...figure.querySelectorAll("polyline.curve, polygon.deep, path.dot, .plot rect.bar")].map((line) => {
    if (line.tagName === "rect") {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(line.getAttribute(name)));
      return [[x + width / 2, line.classList.contains("minus") ? y + height : y]];
    }
    if (line.tagName === "path") return [line.getAttribute("d").slice(1, -2).split(",").map(Number)];
    const pairs = line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number));
    return line.tagName === "polygon" ? pairs.slice(1, -1) : pairs;
  }).flat();
  const rows = [...figure.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent).join(" · "));
  return path.slice(-rows.length).map(([x, y], place) => ({ x, y, text: rows[rows.length - Math.min(path.length, rows.length) + place] }));
}

const clear = (figure) => figure.querySelectorAll(".cursor, .plot .reading").forEach((part) => part.remove());

function show(figure, place) {
  const all = points(figure);
  const point = all[Math.min(Math.max(place, 0), all.length - 1)];
  clear(figure);
  if (!point) return;
  figure.dataset.place = all.indexOf(point);
  const group = create("g", { class: "cursor" });
  group.append(create("line", { class: "hair", x1: point.x, x2: point.x, y1: 0, y2: 100 }), create("path", { class: "point", d: `M${point.x} ${point.y}h0` }));
  figure.querySelector(".plot svg[viewBox]").append(group);
  const reading = document.createElement("output");
  reading.className = "reading";
  reading.textContent = point.text;
  figure.querySelector(".plot").append(reading);
}

document.addEventListener("pointermove", (event) => {
  const svg = event.target.closest?.(".plot svg[viewBox]");
  if (!svg) return;
  const x = ((event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth) * svg.viewBox.baseVal.width;
  const figure = svg.closest("figure");
  const all = points(figure);
  if (all.length) show(figure, all.reduce((best, point, place) => (Math.abs(point.x - x) < Math.abs(all[best].x - x) ? place : best), 0));
});
document.addEventListener("pointerout", (event) => {
  const figure = event.target.closest?.("figure");
  if (figure && !charts.has(figure) && !figure.contains(event.relatedTarget)) clear(figure);
});
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  // The table below the chart has its own keys.
  const figure = event.target.matches?.("figure") ? event.target : null;
  if (!figure) return;
  const chart = charts.get(figure);
  if (chart) {
    if (chart.key(event.key)) event.preventDefault();
    return;
  }
  if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const last = points(figure).length - 1;
  if (last < 0) return;
  event.preventDefault();
  show(figure, Number(figure.dataset.place ?? last) + (event.key === "ArrowLeft" ? -1 : 1));
});
