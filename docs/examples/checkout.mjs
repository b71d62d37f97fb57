// A checkout that tells Shopbell of an order and its parcel: Node 18 or later, no packages.
//   SHOPBELL_API_KEY=sbk_… node docs/examples/checkout.mjs
const url = process.env.SHOPBELL_URL || 'http://127.0.0.1:8787';
const key = process.env.SHOPBELL_API_KEY;
const number = process.env.ORDER || '20418';

function stop(words) {
  console.error(words);
  process.exit(1);
}

if (!key) stop("Set SHOPBELL_API_KEY: 'make run' prints a key, and API_KEYS holds those of a stack.");

async function call(method, path, body, idempotencyKey) {
  const headers = { Authorization: `Bearer ${key}` };
  if (body) headers['Content-Type'] = 'application/json';
  if (idempotencyKey) headers['Idempotency-Key'] = idempotencyKey;
  let status, text;
  try {
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(15_000) });
    status = answer.status;
    text = await answer.text();
  } catch (error) {
    stop(`Nothing answers at ${url} (${error.cause?.code ?? error.message}). Is 'make run' running?`);
  }
  let read = {};
  try {
    read = JSON.parse(text);
  } catch {
    if (status < 300) stop(`${method} ${path}: the answer is no JSON. Is ${url} a Shopbell?`);
  }
  // Errors are problem+json (RFC 9457): `detail` says what to do.
  if (status >= 300) stop(`${method} ${path}: ${status} ${read.detail ?? text}`);
  return read;
}

const ids = [];
// The same call with the same Idempotency-Key counts once, so this may be repeated after an error.
async function notify(name, body) {
  const notice = await call('POST', '/v1/notifications', body, `checkout-mjs-${number}-${name}`);
  ids.push(notice.id);
  console.log(`${name}: ${notice.id}`);
}

const words = 'Send me news of my order in Messenger';
const link = await call('POST', '/v1/links', { order_number: number, consent_words: words });
console.log(`For the thank-you page: ${link.url}`);

// Amounts are in minor units of the currency: 9134 is €91.34.
await notify('receipt', {
  type: 'receipt',
  order: {
    number, currency: 'EUR', total: 9134, subtotal: 8100, shipping: 495, tax: 1539,
    lines: [{ title: 'Brass lamp', subtitle: '40 cm', quantity: 2, price: 4050, image_url: 'https://shop.example/lamp.jpg' }],
    adjustments: [{ name: 'New customer', amount: 1000 }],
    payment_method: 'Visa 2345', merchant: 'Lamp Shop', url: `https://shop.example/o/${number}`, placed_at: '2026-11-21T10:00:00Z',
    address: { street_1: 'Torstr. 1', city: 'Berlin', postal_code: '10119', state: 'BE', country: 'DE' },
  },
  recipient: { name: 'Mia Keller', email: 'mia@example.com', locale: 'de' },
  consent: { messenger: true, email: false, words },
});

for (const status of ['in_transit', 'out_for_delivery', 'delivered']) {
  await notify(status, {
    type: 'shipping',
    order: { number },
    parcel: {
      status, tracking_number: '00340434161094000000', tracking_url: 'https://carrier.example/00340434161094000000', carrier: 'DHL',
      expected_on: '2026-11-24', late: false, detail: null,
    },
  });
}

// What becomes of each within five seconds. What is shown already is not shown again.
const shown = new Set();
for (let second = 1; second <= 5; second += 1) {
  for (const id of ids) {
    const notice = await call('GET', `/v1/notifications/${id}`);
    const line = `${id}: ${notice.state}, ${notice.way ?? 'undecided'}: ${notice.state_reason ?? ''}`;
    if (!shown.has(line)) console.log(`After ${second} s: ${line}`);
    shown.add(line);
  }
  await new Promise((resolve) => setTimeout(resolve, 1_000));
}

if (['127.0.0.1', 'localhost'].includes(new URL(url).hostname)) {
  console.log(`To tap the link as the simulator's Mia (her phone: ${url}/simulator):`);
  console.log(`  curl -sS -d 'ref=${link.reference}' ${url}/simulator/c/7733547031807789/link`);
}
