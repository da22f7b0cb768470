// Ctrl-K or Cmd-K opens a palette that finds pages, instances, commands and alerts. The arrow keys select a result, Enter opens it.
const dialog = document.getElementById("dialog");

/// The first instances that match a text, the newest commands, and the newest unresolved alerts, as links. The id of a command or of an alert
/// finds it whatever its age.
async function search(text, signal) {
  const get = async (path) => {
    const response = await fetch(`/api/${path}`, { signal });
    return response.ok ? (await response.json()).items : [];
  };
  const isID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  const matches = (...texts) => texts.join(" ").toLowerCase().includes(text.toLowerCase());
  const [instances, commands, ...alerts] = await Promise.all([
    get(`instances?sort=bot&page_size=5&q=${encodeURIComponent(text)}`),
    get(isID ? `commands?command_id=${text}` : "commands?page_size=100"),
    ...isID ? [get(`alerts?alert_id=${text}`)] : [get("alerts?status=OPEN&page_size=100"), get("alerts?status=ACKED&page_size=100")],
  ]);
  const path = (...names) => names.map(encodeURIComponent).join("/");
  return [
    ...instances.map((item) => ({ href: `/bots/${path(item.bot_id, item.instance_id)}`, text: `${item.bot_id} · ${item.instance_id}`, kind: item.status.replaceAll("_", " ") })),
    ...alerts.flat().filter((item) => matches(item.message, item.target_id, item.source, item.alert_id)).slice(0, 3).map((item) => ({ href: `/alerts/${item.alert_id}`, text: item.message, kind: "alert" })),
    ...commands.filter((item) => matches(item.command_type, item.instance_id, item.command_id)).slice(0, 3)
      .map((item) => ({ href: `/commands/${item.command_id}`, text: `${item.command_type} on ${item.instance_id}`, kind: item.status.replaceAll("_", " ") })),
  ];
}

function open() {
  const pages = [...document.querySelectorAll(".side a")].map((link) => ({ href: link.getAttribute("href"), text: link.firstChild.textContent, kind: "page" }));
  const field = document.createElement("input");
  field.type = "search";
  field.setAttribute("aria-label", "Find a page, bot, command or alert");
  field.placeholder = "Find a page, bot, command or alert";
  const list = document.createElement("ul");
  list.className = "items palette";
  list.setAttribute("aria-label", "Results");
  const status = document.createElement("p");
  status.className = "hidden";
  status.setAttribute("role", "status");
  let [request, timer, isBusy, isOpening] = [null, null, false, false];

  const show = (results) => {
    list.replaceChildren(...results.map(({ href, text, kind }) => {
      const [item, link, note] = ["li", "a", "small"].map((name) => document.createElement(name));
      link.href = href;
      link.textContent = text;
      note.textContent = kind;
      link.append(note);
      item.append(link);
      return item;
    }));
    status.textContent = results.length === 1 ? "1 result" : `${results.length} results`;
    isBusy = false;
    if (isOpening) list.querySelector("a")?.click();
  };
  const fill = () => {
    const text = field.value.trim();
    clearTimeout(timer);
    request?.abort();
    isOpening = false;
    if (!text) return show(pages);
    const place = (page) => page.text.toLowerCase().indexOf(text.toLowerCase());
    const named = [pages.filter((page) => place(page) === 0), pages.filter((page) => place(page) > 0)];
    const all = { href: `/bots?q=${encodeURIComponent(text)}`, text: `All bots that match “${text}”`, kind: "list" };
    request = new AbortController();
    const { signal } = request;
    isBusy = true;
    timer = setTimeout(async () => {
      const others = await search(text, signal).catch(() => []);
      if (!signal.aborted) show([...named[0], ...others, ...named[1], all]);
    }, 120);
  };
  const move = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const stops = [field, ...list.querySelectorAll("a")];
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  };
  field.addEventListener("input", fill);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // The results of fast typists are still on their way.
    isOpening = isBusy;
    if (!isBusy) list.querySelector("a")?.click();
  });
  for (const part of [field, list]) part.addEventListener("keydown", move);
  fill();
  dialog.removeAttribute("role");
  dialog.replaceChildren(field, list, status);
  dialog.showModal();
  field.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || !dialog?.showModal || dialog.open) return;
  event.preventDefault();
  open();
});
