// Keys: ? help, / search, g and a letter goes to a page, j k x Enter o for rows, r refresh, ! the kill switch. Not while typing, and not at all
// where somebody switched them off.
import { move, choose, open } from "./table.js";
import { refresh } from "./live.js";

const pages = { d: "/dashboard", b: "/bots", c: "/commands", a: "/alerts", p: "/portfolio", n: "/analytics", r: "/reconciliation", m: "/admin/modules", l: "/audit", s: "/settings" };
const help = [["?", "this help"], ["/", "search"], ["g then d b c a p n r m l s", "go to a page"], ["j k", "move between rows"], ["x", "choose the row"], ["Enter, o", "open the row, in a new tab"], ["c", "command the chosen rows"], ["e", "acknowledge the alert"], ["r", "refresh"], ["Shift !", "the kill switch"], ["Ctrl K", "find a page or a bot"], ["Esc", "close"]];
let isGoing = false;

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") || event.metaKey || event.ctrlKey || event.altKey) return;
  if (document.cookie.includes("keys=off")) return;
  if (isGoing) {
    isGoing = false;
    if (pages[event.key]) location.assign(pages[event.key]);
    return;
  }
  const row = document.querySelector("tr.current");
  switch (event.key) {
    case "?": return showHelp();
    case "/": event.preventDefault(); return document.querySelector("[name=q]")?.focus();
    case "g": isGoing = true; setTimeout(() => { isGoing = false; }, 1500); return;
    case "j": return move(1);
    case "k": return move(-1);
    case "x": return choose();
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
