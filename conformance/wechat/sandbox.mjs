// What every Node client here needs: the sandbox's file, its phone, a receiver, and a list of what was found.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';

const path = process.env.TONGBAO_SANDBOX;
export const file = JSON.parse(readFileSync(path, 'utf8'));
export const { api, wechat } = file;

/** Longer than a delivery and its first retry, which comes after 15 seconds. */
const PATIENCE_MS = 60_000;

export const pem = (name) => readFileSync(join(dirname(path), wechat[name]));

export const number = (mark = '') => `JS${mark}${randomBytes(10).toString('hex')}`;

async function ask(target, body) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(api + target, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export async function pay(code, payer = 0) {
  const { paid } = await ask('/sandbox/phone/pay', { payer: file.payers[payer].id, code });
  must(paid, 'it was not paid');
}

/** The digits on a payer's screen, for a shop to scan. */
export async function paymentCode(payer = 0) {
  return (await ask('/sandbox/phone/payment-code', { payer: file.payers[payer].id })).payment_code;
}

export const fault = (name) => ask('/sandbox/faults', { fault: name });

/** Moves the clock once what was sent is noted as sent: else its lease ends, and it is sent again. */
async function advance(advance_s) {
  const headers = { Authorization: `Bearer ${file.secret_key}` };
  const due = async () => (await (await fetch(`${api}/v1/deliveries?status=due`, { headers })).json()).data;
  const until = Date.now() + PATIENCE_MS;
  while ((await due()).length > 0 && Date.now() < until) {
    await new Promise((again) => setTimeout(again, 50));
  }
  await ask('/sandbox/clock', { advance_s });
}

/** Moves the clock on: nothing is shared in the first minute after a payment. */
export const nextMinute = () => advance(61);

export async function confirm(transfer, payer = 0) {
  const body = { payer: file.payers[payer].id, package: transfer };
  const confirmed = await ask('/sandbox/phone/confirm-transfer', body);
  must(confirmed.transfer.status === 'accepted', confirmed);
}

/** `rotate` makes the next platform certificate: both are listed, the present one signs. `switch` lets it sign. */
export const replaceCertificate = (step) => ask('/sandbox/wechat/platform-certificate', { step });

/** A payer complains about a payment; the number of the complaint. */
export async function complain(payment, payer = 0) {
  const body = { payer: file.payers[payer].id, payment, kind: 'refund', text: '茶是凉的' };
  return (await ask('/sandbox/complaints', body)).complaint_id;
}

/** Moves the clock beyond the day, and an hour more: bills are not made at midnight. */
export const nextDay = () => advance(25 * 3600);

export function must(holds, why) {
  if (!holds) throw new Error(typeof why === 'string' ? why : JSON.stringify(why));
}

/**
 * Takes notifications on this machine; `answer` decides what each is answered with. Its path is its own: what was
 * meant for a client before, whose port this is now, is not taken. Nor is what was taken already and is sent again,
 * as it may be.
 */
export async function receiver() {
  const own = `/notify/${randomBytes(8).toString('hex')}`;
  const known = new Set();
  const taken = [];
  const waiting = [];
  const self = { answer: async () => 200 };
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      if (request.url !== own) {
        response.writeHead(404).end();
        return;
      }
      const body = Buffer.concat(parts).toString('utf8');
      const { id } = JSON.parse(body);
      if (known.has(id)) {
        response.writeHead(200).end();
        return;
      }
      const status = await self.answer(request.headers, body);
      if (status === 200) known.add(id);
      response.writeHead(status).end();
      const notice = { headers: request.headers, body, status };
      const next = waiting.shift();
      if (next) next(notice);
      else taken.push(notice);
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  self.url = `http://127.0.0.1:${server.address().port}${own}`;
  self.next = () => {
    if (taken.length > 0) return Promise.resolve(taken.shift());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no notification came')), PATIENCE_MS);
      waiting.push((notice) => {
        clearTimeout(timer);
        resolve(notice);
      });
    });
  };
  return self;
}

/** In the place of an operation that an SDK does not have. */
export const cannot = (why) => ({ why });

/** Tries each operation in turn and writes one line of JSON for it. */
export async function run(client, operations) {
  for (const [operation, tryIt] of operations) {
    if (tryIt.why) {
      console.log(JSON.stringify({ client, operation, ok: null, why: tryIt.why }));
      continue;
    }
    const found = { client, operation, ok: true };
    try {
      await tryIt();
    } catch (error) {
      Object.assign(found, { ok: false, why: error.message });
      process.exitCode = 1;
    }
    console.log(JSON.stringify(found));
  }
}
