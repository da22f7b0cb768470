// Keeps the page up to date: one stream of events for all tabs of the browser tells that something changed, and then the page is asked for
// again and what differs is put in its place. Nothing is kept in the browser.
import { writeTimes } from "./time.js";

const pill = document.getElementById("fleet-state");
const trouble = document.getElementById("trouble");
const channel = new BroadcastChannel("flotilla");
let [heard, good, isBusy, isAgain, isPaused] = [Date.now(), Date.now(), false, false, false];

export async function refresh() {
  if (isBusy) { isAgain = true; return; }
  isBusy = true;
  try {
    const answer = await fetch(location.href, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
    if (answer.type === "opaqueredirect") return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok || !page.getElementById("main")) throw new Error(page.querySelector(".banner.bad")?.textContent || `the server answered ${answer.status}`);
    good = Date.now();
    update(page);
    show(null);
  } catch (error) {
    show(error.message);
  } finally {
    isBusy = false;
    if (isAgain) { isAgain = false; soon(); }
  }
}

let timer = null;
const soon = () => { timer ??= setTimeout(() => { timer = null; if (!document.hidden && !isPaused) refresh(); }, 500); };

function update(page) {
  document.title = page.title;
  document.querySelector("link[rel=icon]").href = page.querySelector("link[rel=icon]").getAttribute("href");
  tell(page.getElementById("fleet-state"));
  replace(document.querySelector(".side"), page.querySelector(".side"));
  for (const fresh of page.querySelectorAll("[data-block]")) {
    const block = document.getElementById(fresh.id);
    if (block) renew(block, fresh);
  }
}

/// The state of the fleet. That something has become critical is said at once to whoever listens to the page.
function tell(fresh) {
  const isNew = fresh.classList.contains("critical") && pill.textContent !== fresh.textContent;
  if (isNew) document.getElementById("alarm").textContent = fresh.textContent;
  replace(pill, fresh);
}

function replace(old, fresh) {
  if (!old || !fresh || old.outerHTML === fresh.outerHTML) return;
  old.className = fresh.className;
  old.replaceChildren(...fresh.childNodes);
}

/// A block with a form that somebody may be filling in stays as it is; a table is brought up to date row by row.
function renew(block, fresh) {
  const [body, other] = [block.querySelector("table.rows tbody"), fresh.querySelector("table.rows tbody")];
  if (body && other && body.rows.length && other.rows.length) {
    const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
    const rows = [...other.rows].map((row) => {
      const old = known.get(row.dataset.key);
      if (!old) return row;
      for (const [place, cell] of [...row.cells].entries()) {
        const now = old.cells[place];
        if (now && !("box" in cell.dataset) && now.innerHTML !== cell.innerHTML && !now.contains(document.activeElement)) {
          const isAge = now.textContent.replace(/\d/g, "") === cell.textContent.replace(/\d/g, "");
          now.replaceChildren(...cell.childNodes);
          if (!isAge) { now.classList.remove("changed"); void now.offsetWidth; now.classList.add("changed"); }
        }
      }
      return old;
    });
    if (rows.length !== body.rows.length || rows.some((row, place) => body.rows[place] !== row)) body.replaceChildren(...rows);
    replace(block.querySelector(":scope > header"), fresh.querySelector(":scope > header"));
    replace(block.querySelector(".pages"), fresh.querySelector(".pages"));
  } else if (!block.querySelector("form .fields") && !block.contains(document.activeElement) && block.innerHTML !== fresh.innerHTML) {
    const open = block.querySelector("details")?.open;
    block.replaceChildren(...fresh.childNodes);
    if (open) block.querySelector("details").open = true;
  }
  writeTimes(block);
}

/// Says that what is shown is old, and how old.
function show(problem) {
  document.body.classList.toggle("is-stale", Boolean(problem));
  if (!problem) return trouble.replaceChildren();
  const age = Math.round((Date.now() - good) / 1000);
  if (age > 10) {
    pill.className = "pill stale";
    pill.textContent = `○ STALE · ${age} s`;
    document.querySelector("link[rel=icon]").href = "/assets/favicon-stale.svg";
  }
  const text = document.createElement("span");
  text.textContent = `${problem}. What you see is ${age} s old. `;
  const again = document.createElement("button");
  again.className = "small";
  again.textContent = "Retry";
  again.addEventListener("click", refresh);
  trouble.replaceChildren(text, again);
}

function hear(event) {
  heard = Date.now();
  if (event !== "tick") soon();
}
channel.addEventListener("message", (message) => hear(message.data));

/// The one tab that holds the lock listens for all.
function listen() {
  const events = new EventSource("/api/stream");
  const tell = (event) => { channel.postMessage(event.type); hear(event.type); };
  for (const kind of ["tick", "reset", "command", "alert", "module", "module_run", "instance", "reconcile"]) events.addEventListener(kind, tell);
  events.addEventListener("open", () => tell({ type: "tick" }));
  return new Promise(() => {});
}

if (pill && trouble) {
  if (navigator.locks) navigator.locks.request("flotilla-stream", listen);
  else listen();
  setInterval(() => {
    if (!document.hidden && !isPaused) refresh();
    if (Date.now() - heard > 25_000 && Date.now() - good > 10_000) show("Nothing is heard of the server");
  }, 4000);
  document.addEventListener("visibilitychange", soon);
  document.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target !== document.body) return;
    event.preventDefault();
    isPaused = !isPaused;
    document.getElementById("clock").dataset.paused = isPaused ? "paused" : "";
    trouble.textContent = isPaused ? "Paused; press space to go on." : "";
  });
}
