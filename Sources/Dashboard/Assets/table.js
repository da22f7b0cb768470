// Row selection: Shift selects a range. The other functions serve the keyboard shortcuts.
let last = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches?.("td[data-box] input")) return;
  const boxes = [...box.closest("tbody").querySelectorAll("td[data-box] input")];
  if (event.shiftKey && last && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const other of boxes.slice(from, to + 1)) other.checked = box.checked;
  }
  last = box;
  count(box.form);
});

/// Shows the number of selected rows beside the buttons.
function count(form) {
  if (!form) return;
  const selected = form.querySelectorAll("td[data-box] input:checked").length;
  const note = form.querySelector("[data-count]") ?? form.querySelector(".bulk")?.appendChild(document.createElement("span"));
  if (!note) return;
  note.dataset.count = "";
  note.className = "note";
  note.textContent = selected ? `${selected} selected` : "";
}

export function move(by) {
  const rows = [...document.querySelectorAll("tbody tr[data-key]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("current"));
  rows[now]?.classList.remove("current");
  const row = rows[Math.min(Math.max(now + by, 0), rows.length - 1)];
  row.classList.add("current");
  row.scrollIntoView({ block: "nearest" });
}

const current = () => document.querySelector("tr.current");

export function select() {
  const box = current()?.querySelector("td[data-box] input");
  if (box) {
    box.checked = !box.checked;
    count(box.form);
  }
}

export function open(isNewTab) {
  const href = current()?.dataset.href;
  if (!href) return;
  if (isNewTab) window.open(href, "_blank", "noopener");
  else location.assign(href);
}

// Enter in a checkbox would press the first button of the form, which acts on another row.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches?.("td[data-box] input")) event.preventDefault();
});
