// The clock, and times in the browser's time zone if that is selected.
const clock = document.getElementById("clock");
const two = (number) => String(number).padStart(2, "0");
export let isLocal = document.cookie.includes("zone=local");

/// Writes times of day in the selected zone. Ages are unchanged.
export function writeTimes(root) {
  if (!isLocal) return;
  for (const time of root.querySelectorAll("time")) {
    if (!time.textContent.endsWith("Z")) continue;
    const at = new Date(time.dateTime);
    const day = at.toDateString() === new Date().toDateString() ? "" : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} `;
    time.textContent = `${day}${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  }
  // The labels of charts: a day at midnight, else a time of day, with the day if the ticks are days.
  for (const label of root.querySelectorAll("text[data-time]")) {
    const at = new Date(label.dataset.time);
    const day = `${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    label.textContent = clock === "00:00" ? day : label.textContent.includes(":") ? clock : `${day} ${clock}`;
  }
}

function tick() {
  const now = new Date();
  const text = isLocal
    ? `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())} local`
    : `${now.toISOString().slice(11, 19)} UTC`;
  button.textContent = text;
}

const button = document.createElement("button");
button.className = "small";
button.title = "Switch between UTC and local time";
button.addEventListener("click", () => {
  isLocal = !isLocal;
  document.cookie = `zone=${isLocal ? "local" : "utc"}; path=/; max-age=31536000; samesite=lax`;
  location.reload();
});
if (clock) {
  clock.replaceChildren(button);
  tick();
  setInterval(tick, 1000);
  writeTimes(document);
}
