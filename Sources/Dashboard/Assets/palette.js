// Ctrl-K or Cmd-K opens a palette that finds pages by name and searches bots.
const dialog = document.getElementById("dialog");

document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || !dialog?.showModal || dialog.open) return;
  event.preventDefault();
  const links = [...document.querySelectorAll(".side a")].map((link) => ({ href: link.getAttribute("href"), text: link.firstChild.textContent }));
  const field = document.createElement("input");
  field.type = "search";
  field.setAttribute("aria-label", "Find a page or bot");
  field.placeholder = "Find a page or bot";
  const list = document.createElement("ul");
  list.className = "items palette";
  const fill = () => {
    const wanted = field.value.trim().toLowerCase();
    const found = links.filter((link) => link.text.toLowerCase().includes(wanted));
    if (wanted) found.push({ href: `/bots?q=${encodeURIComponent(field.value.trim())}`, text: `Search bots for “${field.value.trim()}”` });
    list.replaceChildren(...found.slice(0, 8).map(({ href, text }) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = href;
      link.textContent = text;
      item.append(link);
      return item;
    }));
  };
  field.addEventListener("input", fill);
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") list.querySelector("a")?.click(); });
  fill();
  dialog.removeAttribute("role");
  dialog.replaceChildren(field, list);
  dialog.showModal();
  field.focus();
});
