// Keeps the page up to date. One event stream for all tabs of the browser reports changes. The page is then fetched again, and the parts that
// differ are replaced. The browser stores nothing.
import { writeTimes } from "./time.js";

const pill = document.getElementById("fleet-state");
const trouble = document.getElementById("trouble");
const channel = new BroadcastChannel("flotilla");
let [lastEvent, lastRefresh, isPending, isPaused] = [Date.now(), Date.now(), false, false];
// When the refresh began that has no response yet.
let busySince = null;
// Why the last refresh failed.
let problem = null;

export async function refresh() {
  if (busySince) { isPending = true; return; }
  busySince = Date.now();
  try {
    // The server leaves out the blocks and the rows that have not changed.
    const blocks = [...document.querySelectorAll("[data-version]")].map((block) => `${block.id}=${block.dataset.version}`);
    const rows = [...document.querySelectorAll("[data-row]")].map((row) => row.dataset.row);
    const headers = { "Flotilla-Blocks": blocks.join(), "Flotilla-Rows": rows.join() };
    const response = await fetch(location.href, { headers, redirect: "manual", signal: AbortSignal.timeout(10_000) });
    if (response.type === "opaqueredirect") return location.reload();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!response.ok || !page.getElementById("main")) throw new Error(page.querySelector(".banner.bad")?.textContent || `The server responded with status ${response.status}`);
    lastRefresh = Date.now();
    keepFormToken(page);
    update(page);
    problem = null;
  } catch (error) {
    problem = error.name === "TimeoutError" ? "Server not responding" : error.message;
  } finally {
    busySince = null;
    showProblem();
    if (isPending) { isPending = false; scheduleRefresh(); }
  }
}

/// Each response masks the session's form token with other digits. This page's value stays, so that unchanged forms compare as equal.
function keepFormToken(page) {
  const unmasked = (text) => [...text.slice(0, text.length / 2)].map((digit, place) => parseInt(digit, 16) ^ parseInt(text[text.length / 2 + place], 16)).join();
  const own = document.querySelector("input[name=csrf]")?.value;
  const fields = [...page.querySelectorAll("input[name=csrf]")];
  if (!own || !fields.length || unmasked(own) !== unmasked(fields[0].value)) return;
  for (const field of fields) field.setAttribute("value", own);
}

let timer = null;
const scheduleRefresh = () => { timer ??= setTimeout(() => { timer = null; if (!document.hidden && !isPaused) refresh(); }, 500); };

function update(page) {
  document.title = page.title;
  document.querySelector("link[rel=icon]").href = page.querySelector("link[rel=icon]").getAttribute("href");
  updateFleetState(page.getElementById("fleet-state"));
  replace(document.querySelector(".side"), page.querySelector(".side"));
  for (const fresh of page.querySelectorAll("[data-block]")) {
    const block = document.getElementById(fresh.id);
    if (!block) continue;
    if ("same" in fresh.dataset) replace(block.querySelector("[data-as-of] time"), fresh.querySelector("time"));
    else if (updateBlock(block, fresh)) block.dataset.version = fresh.dataset.version;
    else delete block.dataset.version;
    writeTimes(block);
    if (!("same" in fresh.dataset)) block.dispatchEvent(new Event("blockupdate", { bubbles: true }));
  }
}

/// Updates the state of the fleet. A new critical state is announced to screen readers.
function updateFleetState(fresh) {
  const isNew = fresh.classList.contains("critical") && pill.textContent !== fresh.textContent;
  if (isNew) document.getElementById("alarm").textContent = fresh.textContent;
  replace(pill, fresh);
}

function replace(old, fresh) {
  if (!old || !fresh || old.outerHTML === fresh.outerHTML) return;
  for (const { name, value } of fresh.attributes) old.setAttribute(name, value);
  old.replaceChildren(...fresh.childNodes);
}

/// Whether an operator may be typing in a block: it shows form fields.
const hasFields = (block) => [...block.querySelectorAll("form .fields, .columns form")].some((fields) => !fields.closest("details:not([open])"));

/// Updates a block: a table row by row, anything else as a whole. Returns false if a part in use is unchanged.
function updateBlock(block, fresh) {
  let isComplete = true;
  const [body, other] = [block.querySelector("table.rows tbody"), fresh.querySelector("table.rows tbody")];
  const columns = (part) => [...part.querySelectorAll("th[data-column]")].map((title) => title.dataset.column).join();
  // The columns were arranged in another window.
  if (columns(block) !== columns(fresh)) {
    if (block.contains(document.activeElement) || block.querySelector("input:checked:not(.columns *), .columns[open]")) return false;
    block.replaceChildren(...fresh.childNodes);
  } else if (body && other && body.rows.length && other.rows.length) {
    const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
    const rows = [...other.rows].flatMap((row) => {
      const old = known.get(row.dataset.key);
      if ("same" in row.dataset) {
        if (!old) { isComplete = false; return []; }
        const ages = row.dataset.same.split("|");
        for (const [place, time] of [...old.querySelectorAll("time")].entries()) time.textContent = ages[place];
        return [old];
      }
      if (!old) return [row];
      old.dataset.row = row.dataset.row;
      for (const [place, cell] of [...row.cells].entries()) {
        const now = old.cells[place];
        if (!now || "box" in cell.dataset || now.innerHTML === cell.innerHTML) continue;
        if (now.contains(document.activeElement)) {
          isComplete = false;
          delete old.dataset.row;
        } else {
          const isAge = now.textContent.replace(/\d/g, "") === cell.textContent.replace(/\d/g, "");
          now.replaceChildren(...cell.childNodes);
          if (!isAge) { now.classList.remove("changed"); void now.offsetWidth; now.classList.add("changed"); }
        }
      }
      return [old];
    });
    if (rows.length !== body.rows.length || rows.some((row, place) => body.rows[place] !== row)) {
      // Rows do not move while an operator selects some; new ones are added at the end.
      if (body.querySelector("input:checked")) {
        isComplete = false;
        body.append(...rows.filter((row) => row.parentNode !== body));
      } else {
        body.replaceChildren(...rows);
      }
    }
    updateDrawing(block.querySelector(":scope > figure"), fresh.querySelector(":scope > figure"));
    replace(block.querySelector(":scope > header"), fresh.querySelector(":scope > header"));
    replace(block.querySelector(".pages"), fresh.querySelector(".pages"));
  } else if (hasFields(block) || block.contains(document.activeElement)) {
    return block.innerHTML === fresh.innerHTML;
  } else if (block.innerHTML !== fresh.innerHTML) {
    const open = block.querySelector("details")?.open;
    block.replaceChildren(...fresh.childNodes);
    if (open) block.querySelector("details").open = true;
  }
  return isComplete;
}

/// Replaces the parts of a chart that the server has drawn, except its table. The parts that chart.js has added stay.
function updateDrawing(figure, fresh) {
  if (!figure || !fresh) return;
  const drawn = (chart) => [...chart.children].filter((part) => part.matches(".plot, .bars, .calendar, .legend, .notes, .note"));
  const [old, parts] = [drawn(figure), drawn(fresh)];
  if (old.length === parts.length && old.every((part, place) => part.className === parts[place].className)) {
    old.forEach((part, place) => { if (!part.contains(document.activeElement)) replace(part, parts[place]); });
  } else {
    const table = figure.querySelector(":scope > details");
    for (const part of old) part.remove();
    for (const part of parts) part.matches(".plot, .bars, .calendar") ? figure.prepend(part) : figure.insertBefore(part, table);
  }
}

/// Shows why the page is stale, and the age of its data, which counts on.
function showProblem() {
  const age = Math.round((Date.now() - lastRefresh) / 1000);
  const reason = problem ?? (busySince && Date.now() - busySince > 5_000 ? "Server not responding" : null);
  document.body.classList.toggle("is-stale", Boolean(reason));
  if (!reason) {
    if (trouble.querySelector("button")) trouble.replaceChildren();
    return;
  }
  if (age > 10) {
    pill.className = "pill stale";
    pill.textContent = `○ STALE · ${age} s`;
    document.title = `(?) ${document.title.replace(/^\([^)]*\) /, "")}`;
    document.querySelector("link[rel=icon]").href = "/assets/favicon-stale.svg";
  }
  if (!trouble.querySelector("button")) {
    const retry = document.createElement("button");
    retry.className = "small";
    retry.textContent = "Retry";
    retry.addEventListener("click", refresh);
    trouble.replaceChildren(document.createElement("span"), retry);
  }
  trouble.firstChild.textContent = `${reason.replace(/\.$/, "")}. Data is ${age} s old. `;
}

function noteEvent(type) {
  lastEvent = Date.now();
  if (type !== "tick") scheduleRefresh();
}
channel.addEventListener("message", (message) => noteEvent(message.data));

/// Opens the event stream. Only the tab that holds the lock runs this, and it forwards the events to the other tabs.
function listen() {
  const events = new EventSource("/api/stream");
  const forward = (event) => { channel.postMessage(event.type); noteEvent(event.type); };
  for (const kind of ["tick", "reset", "command", "alert", "module", "module_run", "instance", "reconcile"]) events.addEventListener(kind, forward);
  events.addEventListener("open", () => forward({ type: "tick" }));
  return new Promise(() => {});
}

if (pill && trouble) {
  if (navigator.locks) navigator.locks.request("flotilla-stream", listen);
  else listen();
  setInterval(() => {
    if (!document.hidden && !isPaused) refresh();
    if (Date.now() - lastEvent > 25_000 && Date.now() - lastRefresh > 10_000) problem ??= "Connection to the server lost";
  }, 4000);
  setInterval(showProblem, 1000);
  document.addEventListener("visibilitychange", scheduleRefresh);
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target !== document.body) return;
    event.preventDefault();
    isPaused = !isPaused;
    document.getElementById("clock").dataset.paused = isPaused ? "paused" : "";
    trouble.textContent = isPaused ? "Updates are paused. Press Space to resume." : "";
  });
}
