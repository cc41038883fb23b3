// npm wechatpay-axios-plugin, with the public key and with a platform certificate, against a running sandbox.

import axiosPlugin from 'wechatpay-axios-plugin';

import { api, fault, must, number, pay, pem, receiver, run, wechat } from './sandbox.mjs';

const { Wechatpay, Aes, Rsa, Formatter } = axiosPlugin;

/** The platform certificate, downloaded as the plugin's own command does: the first answer cannot be verified. */
async function platformCertificate() {
  const target = '/v3/certificates';
  const [timestamp, nonce] = [Formatter.timestamp(), Formatter.nonce()];
  const signature = Rsa.sign(Formatter.request('GET', target, timestamp, nonce), pem('private_key_file'));
  const headers = {
    Accept: 'application/json',
    'User-Agent': 'conformance',
    Authorization: Formatter.authorization(wechat.mchid, nonce, signature, timestamp, wechat.serial_no),
  };
  const answer = await fetch(api + target, { headers });
  const { data } = await answer.json();
  const { nonce: iv, ciphertext, associated_data: aad } = data[0].encrypt_certificate;
  return { [data[0].serial_no]: Aes.AesGcm.decrypt(ciphertext, wechat.apiv3_key, iv, aad) };
}

async function refused(promise, status, code) {
  try {
    await promise;
  } catch (error) {
    must(error.response?.status === status, `${error.message} ${JSON.stringify(error.response?.data)}`);
    must(error.response.data.code === code, error.response.data);
    return;
  }
  throw new Error(`it was not refused with ${status}`);
}

async function check(kind, certs, headers) {
  const shop = await receiver();
  const client = new Wechatpay({
    mchid: wechat.mchid,
    serial: wechat.serial_no,
    privateKey: pem('private_key_file'),
    certs,
    baseURL: api,
    headers,
  });
  const orders = client.v3.pay.transactions;
  const order = (other) => ({
    mchid: wechat.mchid,
    appid: wechat.appid,
    out_trade_no: number(),
    description: '一壶茶',
    notify_url: shop.url,
    amount: { total: 100 },
    ...other,
  });
  const ofShop = { params: { mchid: wechat.mchid } };
  const query = (out_trade_no) => orders.outTradeNo['{out_trade_no}'].get({ ...ofShop, out_trade_no });

  /** What a receiver does: verify the five headers over the raw body, then open the envelope. */
  const told = ({ headers: sent, body }) => {
    const message = Formatter.response(sent['wechatpay-timestamp'], sent['wechatpay-nonce'], body);
    const key = certs[sent['wechatpay-serial']];
    must(key && Rsa.verify(message, sent['wechatpay-signature'], key), 'the signature does not fit');
    const notice = JSON.parse(body);
    const { ciphertext, nonce, associated_data: aad } = notice.resource;
    return { ...notice, plain: JSON.parse(Aes.AesGcm.decrypt(ciphertext, wechat.apiv3_key, nonce, aad)) };
  };

  const paid = order({ attach: '桌号 7' });
  let codeUrl;
  let transaction;
  await run(`wechatpay-axios-plugin (${kind})`, [
    ['native', async () => {
      const { data } = await orders.native.post(paid);
      codeUrl = data.code_url;
      must(codeUrl.startsWith('weixin://wxpay/bizpayurl?pr='), data);
    }],
    ['jsapi, paySign', async () => {
      const { data } = await orders.jsapi.post(order({ payer: { openid: wechat.openids[1].openid } }));
      const lines = Formatter.joinedByLineFeed(wechat.appid, '1700000000', 'nonce', `prepay_id=${data.prepay_id}`);
      must(Rsa.sign(lines, pem('private_key_file')).length === 344, 'paySign');
      await pay(data.prepay_id, 1);
      must(told(await shop.next()).plain.payer.openid === wechat.openids[1].openid, 'another payer');
    }],
    ['app', async () => {
      const { data } = await orders.app.post(order());
      must(data.prepay_id.length === 36, data);
    }],
    ['h5', async () => {
      const scene_info = { payer_client_ip: '127.0.0.1', h5_info: { type: 'Wap' } };
      const { data } = await orders.h5.post(order({ scene_info }));
      const page = await fetch(data.h5_url);
      must(page.ok && page.url.includes('/cashier/'), page.url);
    }],
    ['place again', async () => {
      const first = order();
      const [one, two] = [await orders.native.post(first), await orders.native.post(first)];
      must(one.data.code_url !== two.data.code_url, 'the same code twice');
      await refused(orders.native.post({ ...first, description: 'two' }), 400, 'INVALID_REQUEST');
    }],
    ['callback', async () => {
      await pay(codeUrl);
      const notice = told(await shop.next());
      must(notice.event_type === 'TRANSACTION.SUCCESS', notice);
      must(notice.plain.out_trade_no === paid.out_trade_no, notice.plain);
    }],
    ['query by both numbers', async () => {
      transaction = (await query(paid.out_trade_no)).data;
      must(transaction.trade_state === 'SUCCESS' && transaction.attach === paid.attach, transaction);
      const { transaction_id } = transaction;
      const again = await orders.id['{transaction_id}'].get({ ...ofShop, transaction_id });
      must(again.data.out_trade_no === paid.out_trade_no, again.data);
    }],
    ['refund, query, callback', async () => {
      const out_refund_no = number('R@');
      const { transaction_id } = transaction;
      const amount = { refund: 40, total: 100, currency: 'CNY' };
      const made = await client.v3.refund.domestic.refunds.post({ transaction_id, out_refund_no, amount });
      must(made.data.refund_id.length === 29, made.data);
      const found = await client.v3.refund.domestic.refunds['{out_refund_no}'].get({ out_refund_no });
      must(found.data.status === 'SUCCESS' && found.data.amount.refund === 40, found.data);
      must(told(await shop.next()).plain.refund_status === 'SUCCESS', 'another refund');
    }],
    ['close', async () => {
      const { out_trade_no, mchid } = order();
      await orders.native.post(order({ out_trade_no }));
      for (let times = 0; times < 2; times += 1) {
        const closed = await orders.outTradeNo['{out_trade_no}'].close.post({ mchid }, { out_trade_no });
        must(closed.status === 204, closed.status);
      }
      must((await query(out_trade_no)).data.trade_state === 'CLOSED', 'it is open');
    }],
    ['number with | and *', async () => {
      const out_trade_no = number('|*_-');
      await orders.native.post(order({ out_trade_no }));
      must((await query(out_trade_no)).data.trade_state === 'NOTPAY', 'another state');
    }],
    ['unknown order', () => refused(query(number()), 404, 'ORDER_NOT_EXIST')],
    ['not served', () => {
      const params = { bill_date: '2026-01-02' };
      return refused(client.v3.bill.tradebill.get({ params }), 403, 'NO_AUTH');
    }],
    ['wrong key', () => {
      const stranger = new Wechatpay({
        mchid: wechat.mchid,
        serial: '01',
        privateKey: pem('private_key_file'),
        certs,
        baseURL: api,
      });
      return refused(stranger.v3.certificates.get(), 401, 'SIGN_ERROR');
    }],
    ['signature probe', async () => {
      shop.answer = async (sent, body) => {
        try {
          told({ headers: sent, body });
          return 200;
        } catch {
          return 401;
        }
      };
      await fault('signature_probe');
      const { data } = await orders.native.post(order());
      await pay(data.code_url);
      const statuses = [(await shop.next()).status, (await shop.next()).status];
      must(statuses.join() === '401,200', statuses);
    }],
  ]);
}

await check(
  'public key',
  { [wechat.public_key_id]: pem('public_key_file') },
  { 'Wechatpay-Serial': wechat.public_key_id },
);
await check('certificates', await platformCertificate(), {});
