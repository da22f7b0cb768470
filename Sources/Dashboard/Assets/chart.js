// A cross-hair for charts: it shows the value nearest to the pointer, or moves with ← and → while the chart has the focus. The values come
// from the table below the chart.
const create = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

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

const clear = (figure) => figure.querySelectorAll(".cursor, .reading").forEach((part) => part.remove());

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
  if (figure && !figure.contains(event.relatedTarget)) clear(figure);
});
document.addEventListener("keydown", (event) => {
  const figure = event.target.closest?.("figure");
  if (!figure || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  const last = points(figure).length - 1;
  show(figure, Number(figure.dataset.place ?? last) + (event.key === "ArrowLeft" ? -1 : 1));
});
