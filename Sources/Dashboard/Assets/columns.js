// Widths of columns by dragging the edge of a title, and the form that arranges the columns of a table. Without this script the form does both.
const [least, most] = [40, 1000];

const titles = (table) => [...table.tHead.rows[0].cells];
const formOf = (table) => table.closest("[data-block]")?.querySelector(`form[action="/tables/${table.dataset.table}"]`);
const fieldOf = (form, name) => form.querySelector(`[name=column][value="${name}"]`).closest("li").querySelector("[name=width]");

/// Shows a width; an empty one fits the content. The column prefers the width, and a strut in its title keeps the column from being narrower.
function show(table, name, width) {
  const place = titles(table).findIndex((title) => title.dataset.column === name);
  const [title, column] = [titles(table)[place], table.querySelectorAll("col")[place]];
  if (!title) return;
  title.querySelector(".strut")?.remove();
  column.removeAttribute("width");
  if (!width) return;
  const strut = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ class: "strut", width, height: 0, "aria-hidden": true })) strut.setAttribute(key, value);
  title.append(strut);
  column.setAttribute("width", width);
}

/// Stores a width. If that fails, the stored one is shown again.
async function store(table, name, width) {
  const form = formOf(table);
  const field = fieldOf(form, name);
  const body = new URLSearchParams({ csrf: form.querySelector("[name=csrf]").value, action: "width", column: name, width });
  const response = await fetch(form.getAttribute("action"), { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (response?.type !== "opaqueredirect") return show(table, name, field.value);
  field.value = width;
}

/// Adds an edge to drag to each title.
function addEdges(root) {
  for (const table of root.querySelectorAll("table[data-table]")) {
    if (!formOf(table)) continue;
    for (const title of titles(table)) {
      const name = title.dataset.column;
      if (!name || title.querySelector(".edge")) continue;
      const edge = document.createElement("span");
      edge.className = "edge";
      edge.title = "Drag to change the width, double-click to fit the content";
      edge.addEventListener("pointerdown", (event) => drag(event, table, title, name));
      edge.addEventListener("dblclick", () => { show(table, name, ""); store(table, name, ""); });
      title.append(edge);
    }
  }
}

function drag(event, table, title, name) {
  const edge = event.target;
  const [start, from] = [title.getBoundingClientRect().width, event.clientX];
  let width = null;
  const follow = (move) => {
    width = Math.round(Math.min(Math.max(start + move.clientX - from, least), most));
    show(table, name, width);
  };
  const end = () => {
    edge.removeEventListener("pointermove", follow);
    if (width) store(table, name, width);
  };
  event.preventDefault();
  edge.setPointerCapture(event.pointerId);
  edge.addEventListener("pointermove", follow);
  edge.addEventListener("lostpointercapture", end, { once: true });
}

// Columns are moved in the form, and saved together.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.(".columns button[name=up], .columns button[name=down]");
  if (!button) return;
  event.preventDefault();
  const item = button.closest("li");
  if (button.name === "up") item.previousElementSibling?.before(item);
  else item.nextElementSibling?.after(item);
  button.focus();
});

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!field.matches?.(".columns [name=width]") || (field.value && !field.checkValidity())) return;
  const table = field.closest("[data-block]").querySelector("table[data-table]");
  show(table, field.closest("li").querySelector("[name=column]").value, field.value);
});

document.addEventListener("blockupdate", (event) => addEdges(event.target));
addEdges(document);
