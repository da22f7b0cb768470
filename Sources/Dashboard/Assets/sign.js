// The signing key of this browser. Its private part cannot be read, not even by this script; commands to one instance are signed with it.
const encoder = new TextEncoder();
const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));

/// Runs a request in the browser's store of keys, and returns its result.
async function store(mode, request) {
  const database = await new Promise((done, fail) => {
    const opening = indexedDB.open("flotilla", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("keys");
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
  });
  try {
    return await new Promise((done, fail) => {
      const transaction = database.transaction("keys", mode);
      const running = request(transaction.objectStore("keys"));
      transaction.oncomplete = () => done(running.result);
      transaction.onerror = () => fail(transaction.error);
    });
  } finally {
    database.close();
  }
}

const known = (name) => store("readonly", (keys) => keys.get(name));
const publicBytes = (pair) => crypto.subtle.exportKey("raw", pair.publicKey);

async function created(name) {
  const pair = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  await store("readwrite", (keys) => keys.put(pair, name));
  return pair;
}

// Settings: creates the key and shows its public part.
const form = document.querySelector('form[action="/signing-key"]');
if (form) {
  const show = async (pair) => { form.elements.public_key.value = hex(await publicBytes(pair)); };
  const trouble = document.getElementById("trouble");
  known(form.elements.author.value).then((pair) => pair && show(pair)).catch(() => {});
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const author = form.elements.author.value;
    try {
      await show(await known(author) ?? await created(author));
    } catch (error) {
      trouble.textContent = `This browser cannot keep a signing key: ${error.message}`;
    }
  });
}

// A command to one instance is signed before it is sent, if the user has a key in this browser.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.elements.signed_payload || event.defaultPrevented) return;
  event.preventDefault();
  const pair = await known(form.elements.author.value).catch(() => null);
  try {
    // Sent again, a form is the same request.
    if (pair && !form.elements.signature.value) await sign(form, pair);
    form.submit();
  } catch (error) {
    document.getElementById("trouble").textContent = `The command was not signed, and not sent: ${error.message}`;
  }
});

/// Fills in the signature. docs/agents.md describes the signed bytes.
async function sign(form, pair) {
  const { author, target, type, key, ttl, signed_payload: payload } = form.elements;
  const id = (await sha256(await publicBytes(pair))).slice(0, 16);
  const now = Date.now();
  const expiry = now + Number(ttl?.value ?? form.elements.lifetime.value) * 1000;
  const digest = await sha256(encoder.encode(payload.value));
  const lines = ["flotilla-command-v1", id, key.value, target.value, type.value, digest, expiry * 1000, now * 1000, author.value];
  const statement = encoder.encode(lines.map((line) => `${line}\n`).join(""));
  const signature = hex(await crypto.subtle.sign("Ed25519", pair.privateKey, statement));
  const values = { key_id: id, sequence: now * 1000, expires_at: new Date(expiry).toISOString(), signature };
  Object.entries(values).forEach(([name, value]) => { form.elements[name].value = value; });
}
