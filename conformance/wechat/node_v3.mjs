// npm wechatpay-node-v3 against a running sandbox. It does not verify answers; its notifications are verified here
// with its own function.

import WxPay from 'wechatpay-node-v3';

import { api, must, number, pay, pem, receiver, run, wechat } from './sandbox.mjs';

const OFFICIAL = 'https://api.mch.weixin.qq.com';

const client = new WxPay({
  appid: wechat.appid,
  mchid: wechat.mchid,
  publicKey: pem('certificate_file'),
  privateKey: pem('private_key_file'),
  key: wechat.apiv3_key,
});
// The way the SDK offers to replace its transport: the same one, with another host.
const own = client.httpService;
client.createHttp({
  get: (url, headers) => own.get(url.replace(OFFICIAL, api), headers),
  post: (url, params, headers) => own.post(url.replace(OFFICIAL, api), params, headers),
  upload: (url, body, params, headers) => own.upload(url.replace(OFFICIAL, api), body, params, headers),
});

const shop = await receiver();
const order = (other) => ({
  description: '一壶茶',
  out_trade_no: number(),
  notify_url: shop.url,
  amount: { total: 100 },
  ...other,
});
const expect = (answer, status) => {
  must(answer.status === status, answer);
  return answer.data ?? answer.error;
};

const paid = order();
let codeUrl;
await run('wechatpay-node-v3', [
  ['native', async () => {
    codeUrl = expect(await client.transactions_native(paid), 200).code_url;
  }],
  ['jsapi, paySign', async () => {
    const openid = wechat.openids[1].openid;
    const data = expect(await client.transactions_jsapi(order({ payer: { openid } })), 200);
    must(data.paySign.length === 344, data);
    await pay(data.package, 1);
    await shop.next();
  }],
  ['app', async () => {
    must(expect(await client.transactions_app(order()), 200).prepayid.length === 36, 'prepayid');
  }],
  ['h5', async () => {
    const h5_info = { type: 'Wap', app_name: 'tea', app_url: 'https://example.com' };
    const scene_info = { payer_client_ip: '127.0.0.1', h5_info };
    must(expect(await client.transactions_h5(order({ scene_info })), 200).h5_url.startsWith(api), 'h5_url');
  }],
  ['callback', async () => {
    await pay(codeUrl);
    const { headers, body } = await shop.next();
    const fits = await client.verifySign({
      timestamp: headers['wechatpay-timestamp'],
      nonce: headers['wechatpay-nonce'],
      body: JSON.parse(body),
      serial: headers['wechatpay-serial'],
      signature: headers['wechatpay-signature'],
      apiSecret: wechat.apiv3_key,
    });
    must(fits, 'the signature does not fit');
    const { ciphertext, associated_data: aad, nonce } = JSON.parse(body).resource;
    must(client.decipher_gcm(ciphertext, aad, nonce).out_trade_no === paid.out_trade_no, 'another order');
  }],
  ['query by both numbers', async () => {
    const found = expect(await client.query({ out_trade_no: paid.out_trade_no }), 200);
    must(found.trade_state === 'SUCCESS', found);
    expect(await client.query({ transaction_id: found.transaction_id }), 200);
  }],
  ['refund, query, callback', async () => {
    const { out_trade_no } = paid;
    const amount = { refund: 40, total: 100, currency: 'CNY' };
    const out_refund_no = number('R@');
    expect(await client.refunds({ out_trade_no, out_refund_no, amount }), 200);
    must(expect(await client.find_refunds(out_refund_no), 200).status === 'SUCCESS', 'another state');
    must(JSON.parse((await shop.next()).body).event_type === 'REFUND.SUCCESS', 'another event');
  }],
  ['close', async () => {
    const { out_trade_no } = order();
    expect(await client.transactions_native(order({ out_trade_no })), 200);
    expect(await client.close(out_trade_no), 204);
  }],
  ['number with | and *', async () => {
    const out_trade_no = number('|*_-');
    expect(await client.transactions_native(order({ out_trade_no })), 200);
    expect(await client.query({ out_trade_no }), 200);
  }],
  ['unknown order', async () => {
    expect(await client.query({ out_trade_no: number() }), 404);
  }],
  ['certificates', async () => {
    const [certificate] = await client.get_certificates(wechat.apiv3_key);
    must(certificate.publicKey.includes('BEGIN'), certificate);
  }],
  ['not served', async () => {
    expect(await client.tradebill({ bill_date: '2026-01-02' }), 403);
  }],
]);
