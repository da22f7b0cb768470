// Shows CRITICAL notifications, also while no page is open, and acknowledges their alerts with the session of this browser.
self.addEventListener("push", (event) => {
  const message = event.data.json();
  const more = message.count > 1 ? ` (and ${message.count - 1} more)` : "";
  event.waitUntil(self.registration.showNotification(`${message.severity}: ${message.title}`, {
    body: message.text + more,
    // A repeated message replaces the earlier one.
    tag: message.alert_id ?? `${message.title} ${message.time}`,
    timestamp: Date.parse(message.time),
    icon: "/assets/icon.svg",
    requireInteraction: true,
    actions: message.alert_id ? [{ action: "acknowledge", title: "Acknowledge" }] : [],
    data: { alert: message.alert_id },
  }));
});

self.addEventListener("notificationclick", (event) => {
  const { alert } = event.notification.data;
  event.notification.close();
  event.waitUntil(event.action === "acknowledge" ? acknowledge(alert) : open(alert));
});

/// Acknowledges an alert. If the session has ended or the request fails, the alert's page opens instead.
async function acknowledge(alert) {
  try {
    const response = await submit(`/alerts/${alert}/ack`, {});
    if (!response.ok || !new URL(response.url).searchParams.has("done")) throw new Error("The alert is not acknowledged.");
  } catch {
    await open(alert);
  }
}

const open = (alert) => self.clients.openWindow(alert ? `/alerts/${alert}` : "/alerts");

async function submit(path, fields) {
  const { csrf } = await (await fetch("/form-token")).json();
  return fetch(path, { method: "POST", body: new URLSearchParams({ ...fields, csrf }) });
}

// Browsers may replace a subscription.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(resubscribe(event)));

async function resubscribe({ oldSubscription, newSubscription }) {
  const subscription = newSubscription ?? await self.registration.pushManager.subscribe(oldSubscription.options);
  const { endpoint, keys } = subscription.toJSON();
  await submit("/push-subscriptions", { endpoint, p256dh: keys.p256dh, auth: keys.auth, device: "Browser" });
}
