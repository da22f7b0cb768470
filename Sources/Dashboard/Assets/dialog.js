// Enables the button of a form when the phrase is typed. The server checks the phrase again.
function watch(root) {
  for (const form of root.querySelectorAll("form[data-phrase]")) {
    const field = form.querySelector("[name=phrase]");
    const button = form.querySelector("button");
    if (!field || !button) continue;
    const update = () => { button.disabled = field.value !== form.dataset.phrase; };
    field.addEventListener("input", update);
    update();
  }
}
watch(document);

// Shows confirmation pages in a dialog. Without dialog support, the browser opens the page.
const dialog = document.getElementById("dialog");
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const url = new URL(event.submitter?.getAttribute("formaction") ?? form.action, location.href);
  if (form.method !== "get" || !url.pathname.startsWith("/commands/new") || !dialog?.showModal) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  url.search = new URLSearchParams(fields).toString();
  const response = await fetch(url).catch(() => null);
  if (!response?.ok || !response.headers.get("content-type")?.includes("html")) return location.assign(url);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const blocks = page.querySelector("main .blocks");
  if (!blocks) return location.assign(url);
  dialog.setAttribute("role", "alertdialog");
  dialog.replaceChildren(page.querySelector("main .head"), ...blocks.children);
  watch(dialog);
  const cancel = addFooter(dialog.querySelector("form") ?? dialog);
  if (!dialog.open) {
    const trigger = document.activeElement;
    dialog.addEventListener("close", () => { dialog.replaceChildren(); trigger?.focus(); }, { once: true });
    dialog.showModal();
  }
  (dialog.querySelector("input:not([type=hidden])") ?? cancel).focus();
});

/// Moves the buttons of a form to its end, beside a button that closes the dialog, and returns this one.
function addFooter(form) {
  const cancel = document.createElement("button");
  cancel.type = "button";
  cancel.textContent = "Cancel";
  cancel.addEventListener("click", () => dialog.close());
  const footer = document.createElement("div");
  footer.className = "buttons footer";
  footer.append(...form.querySelectorAll("button"), cancel);
  form.append(footer);
  return cancel;
}
