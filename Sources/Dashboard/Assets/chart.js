// A cross-hair over charts: the pointer, or ← and → while the chart has the focus, tell the value of the nearest point. The values are those
// of the table below.
const create = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

function points(figure) {
  const path = [...figure.querySelectorAll("polyline.curve, polygon.deep")].map((line) => {
    const pairs = line.getAttribute("points").split(" ").map((pair) => pair.split(",").map(Number));
    return line.tagName === "polygon" ? pairs.slice(1, -1) : pairs;
  }).flat();
  const rows = [...figure.querySelectorAll("tbody tr")].map((row) => `${row.cells[0].textContent} · ${row.cells[1].textContent}`);
  return path.slice(-rows.length).map(([x, y], place) => ({ x, y, text: rows[rows.length - Math.min(path.length, rows.length) + place] }));
}

function show(figure, place) {
  const all = points(figure);
  const point = all[Math.min(Math.max(place, 0), all.length - 1)];
  const svg = figure.querySelector("svg");
  svg.querySelector(".cursor")?.remove();
  if (!point) return;
  figure.dataset.place = all.indexOf(point);
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const group = create("g", { class: "cursor" });
  const isRight = point.x > width / 2;
  const text = create("text", { x: point.x + (isRight ? -8 : 8), y: 16, "text-anchor": isRight ? "end" : "start" });
  text.textContent = point.text;
  group.append(create("line", { class: "hair", x1: point.x, x2: point.x, y1: 0, y2: height - 20 }), create("circle", { cx: point.x, cy: point.y, r: 3 }), text);
  svg.append(group);
}

document.addEventListener("pointermove", (event) => {
  const svg = event.target.closest?.("figure svg");
  if (!svg) return;
  const x = ((event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth) * svg.viewBox.baseVal.width;
  const figure = svg.closest("figure");
  const all = points(figure);
  if (all.length) show(figure, all.reduce((best, point, place) => (Math.abs(point.x - x) < Math.abs(all[best].x - x) ? place : best), 0));
});
document.addEventListener("pointerout", (event) => {
  if (!event.relatedTarget?.closest?.("figure")) document.querySelectorAll(".cursor").forEach((cursor) => cursor.remove());
});
document.addEventListener("keydown", (event) => {
  const figure = event.target.closest?.("figure");
  if (!figure || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  event.preventDefault();
  const last = points(figure).length - 1;
  show(figure, Number(figure.dataset.place ?? last) + (event.key === "ArrowLeft" ? -1 : 1));
});
