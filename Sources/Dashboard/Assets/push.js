// Subscribes this browser to web push. The server encrypts messages with the keys of the subscription, and push-worker.js shows them.
const form = document.querySelector('form[action="/push-subscriptions"]');
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const trouble = document.getElementById("trouble");
  try {
    fill(form, await subscribe(form.elements.key.value));
    form.submit();
  } catch (error) {
    trouble.textContent = `This browser cannot be subscribed: ${error.message}`;
  }
});

async function subscribe(key) {
  if (!("serviceWorker" in navigator && "PushManager" in window)) throw new Error("It does not support web push, or this page is not served over HTTPS.");
  if (await Notification.requestPermission() !== "granted") throw new Error("Notifications of this page are blocked. Permit them in the browser's settings.");
  await navigator.serviceWorker.register("/assets/push-worker.js");
  const registration = await active("/assets/push-worker.js");
  const current = await registration.pushManager.getSubscription();
  // A subscription of an earlier key cannot be used with this one.
  if (current && encoded(current.options.applicationServerKey) !== key) await current.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/// The registration of a service worker, as soon as the worker is active.
async function active(path) {
  for (;;) {
    const registration = await navigator.serviceWorker.getRegistration(path);
    if (registration?.active) return registration;
    await new Promise((done) => setTimeout(done, 50));
  }
}

function fill(form, subscription) {
  const { endpoint, keys } = subscription.toJSON();
  Object.entries({ endpoint, p256dh: keys.p256dh, auth: keys.auth, device: device() }).forEach(([name, value]) => { form.elements[name].value = value; });
}

/// A name such as "Firefox on Android", by which the user recognizes the browser.
function device() {
  const agent = navigator.userAgent;
  const named = (names) => names.find((name) => agent.includes(name));
  const browser = named(["Firefox", "Edg", "OPR", "Chrome", "Safari"]) ?? "Browser";
  const system = named(["Android", "iPhone", "iPad", "Windows", "Mac", "Linux"]);
  const names = { Edg: "Edge", OPR: "Opera", Mac: "macOS" };
  return [browser, system].filter(Boolean).map((name) => names[name] ?? name).join(" on ");
}

const encoded = (key) => btoa(String.fromCharCode(...new Uint8Array(key))).replace(/[+]/g, "-").replace(/[/]/g, "_").replace(/=+$/, "");
