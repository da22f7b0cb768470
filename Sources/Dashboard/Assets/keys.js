// Keyboard shortcuts; showHelp lists them. They are inactive in input fields, and when they are turned off in the settings.
import { move, select, open } from "./table.js";
import { refresh } from "./live.js";

const pages = { d: "/dashboard", b: "/bots", c: "/commands", a: "/alerts", p: "/portfolio", t: "/trades", n: "/analytics", r: "/reconciliation", m: "/admin/modules", l: "/audit", s: "/settings" };
const help = [["?", "Show this help"], ["/", "Search"], ["g then d b c a p t n r m l s", "Go to a page"], ["j k", "Move between rows"], ["x", "Select the row"], ["Enter", "Open the row"], ["o", "Open the row in a new tab"], ["c", "Send a command to the selected rows"], ["e", "Acknowledge the alert"], ["r", "Refresh"], ["Shift !", "Open the kill switch"], ["Ctrl K", "Find a page, bot, command or alert"], ["Esc", "Close"]];
let isGoingToPage = false;

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  if (document.cookie.includes("keys=off")) return;
  if (isGoingToPage) {
    isGoingToPage = false;
    if (pages[event.key]) location.assign(pages[event.key]);
    return;
  }
  const row = document.querySelector("tr.current");
  switch (event.key) {
    case "?": return showHelp();
    case "/": event.preventDefault(); return document.querySelector("[name=q]")?.focus();
    case "g": isGoingToPage = true; setTimeout(() => { isGoingToPage = false; }, 1500); return;
    case "j": return move(1);
    case "k": return move(-1);
    case "x": return select();
    case "Enter": if (row && event.target === document.body) open(false); return;
    case "o": return open(true);
    case "c": return document.querySelector(".bulk button")?.focus();
    case "e": return row?.querySelector("button[formaction$='/ack']")?.click();
    case "r": return refresh();
    case "!": return location.assign("/killswitch");
  }
});

function showHelp() {
  const dialog = document.getElementById("dialog");
  const list = document.createElement("dl");
  for (const [key, text] of help) {
    const name = document.createElement("dt");
    const value = document.createElement("dd");
    name.textContent = key;
    value.textContent = text;
    const pair = document.createElement("div");
    pair.append(name, value);
    list.append(pair);
  }
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.removeAttribute("role");
  dialog.replaceChildren(list, document.createElement("p"), close);
  dialog.showModal();
}
