// Receives Shopbell's events and verifies each by hand, as Standard Webhooks wants it: Node 18 or later, no packages.
//   SHOPBELL_WEBHOOK_SECRET=whsec_… PORT=3000 node docs/examples/verify.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const TOLERANCE = 5 * 60; // seconds; older or later ones are repeated by a stranger, or a clock is wrong
const MOST = 1024 * 1024; // bytes of a body
const secret = process.env.SHOPBELL_WEBHOOK_SECRET ?? '';
const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
if (!secret.startsWith('whsec_') || key.length < 24) throw new Error('Set SHOPBELL_WEBHOOK_SECRET to the whsec_… of the endpoint.');

// `body` are the bytes as they came: read as JSON and written again they have another signature.
function isGenuine(headers, body, now = Date.now() / 1000) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !signatures || !/^\d{1,12}$/.test(timestamp ?? '') || Math.abs(now - Number(timestamp)) > TOLERANCE) return false;
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // Several stand side by side, by spaces, while a secret is replaced.
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.startsWith('v1,') ? signature.slice(3) : '', 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const seen = new Set(); // in a shop: a table; an event may come again, under the same id

createServer(async (request, response) => {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MOST) return response.writeHead(413, { Connection: 'close' }).end();
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (request.method !== 'POST' || !isGenuine(request.headers, body)) return response.writeHead(401).end();
  const id = request.headers['webhook-id'];
  if (!seen.has(id)) console.log(id, JSON.parse(body).type);
  seen.add(id);
  response.writeHead(204).end();
}).listen(Number(process.env.PORT || 3000), '127.0.0.1');
