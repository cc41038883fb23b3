// npm wechatpay-node-v3 against a running sandbox. It does not verify answers; its notifications are verified here
// with its own function.

import { createHash, generateKeyPairSync } from 'node:crypto';
import { mock } from 'node:test';

import WxPay from 'wechatpay-node-v3';

import {
  api, cannot, must, nextDay, nextMinute, number, pay, pem, receiver, replaceCertificate, run, wechat,
} from './sandbox.mjs';

const OFFICIAL = 'https://api.mch.weixin.qq.com';

/** A client. It uses the way the SDK offers to replace its transport: the same one, with another host. */
function make(privateKey) {
  const made = new WxPay({
    appid: wechat.appid,
    mchid: wechat.mchid,
    publicKey: pem('certificate_file'),
    privateKey,
    key: wechat.apiv3_key,
  });
  const own = made.httpService;
  made.createHttp({
    get: (url, headers) => own.get(url.replace(OFFICIAL, api), headers),
    post: (url, params, headers) => own.post(url.replace(OFFICIAL, api), params, headers),
    upload: (url, body, params, headers) => own.upload(url.replace(OFFICIAL, api), body, params, headers),
  });
  return made;
}

const client = make(pem('private_key_file'));

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
/** What it was refused with. */
const denial = (answer, status) => JSON.parse(expect(answer, status));

/** Opens a notification that the SDK has verified. */
async function told({ headers, body }) {
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
  return client.decipher_gcm(ciphertext, aad, nonce);
}

const sub = (total_amount) => ({
  mchid: wechat.mchid,
  attach: '桌号 7',
  description: '一壶茶',
  out_trade_no: number(),
  amount: { total_amount, currency: 'CNY' },
});
const whole = () => ({ combine_out_trade_no: number(), sub_orders: [sub(100), sub(50)], notify_url: shop.url });

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
    must((await told(await shop.next())).payer.openid === openid, 'another payer');
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
    must((await told(await shop.next())).out_trade_no === paid.out_trade_no, 'another order');
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
    must((await told(await shop.next())).refund_status === 'SUCCESS', 'another refund');
  }],
  ['transfer batch, queries, callback', async () => {
    const detail = (out_detail_no, openid) =>
      ({ out_detail_no, transfer_amount: 1, transfer_remark: '报销', openid });
    const out_batch_no = number();
    const { batch_id } = expect(await client.batches_transfer({
      out_batch_no,
      batch_name: '四月报销',
      batch_remark: '四月报销',
      total_amount: 2,
      total_num: 2,
      transfer_detail_list: [detail('D1', wechat.openids[0].openid), detail('D2', 'nobody')],
      notify_url: shop.url,
    }), 200);
    must(JSON.parse((await shop.next()).body).event_type === 'MCHTRANSFER.BATCH.FINISHED', 'another event');
    const page = { need_query_detail: true, detail_status: 'ALL' };
    const found = expect(await client.query_batches_transfer_list_wx({ batch_id, ...page }), 200);
    must(found.transfer_batch.success_num === 1 && found.transfer_detail_list.length === 2, found);
    const [{ detail_id }] = found.transfer_detail_list;
    expect(await client.query_batches_transfer_list({ out_batch_no, need_query_detail: false }), 200);
    expect(await client.query_batches_transfer_detail_wx({ batch_id, detail_id }), 200);
    const failed = expect(await client.query_batches_transfer_detail({ out_batch_no, out_detail_no: 'D2' }), 200);
    must(failed.fail_reason === 'OPENID_INVALID', failed);
  }],
  ['profit sharing', async () => {
    const receiver = { type: 'PERSONAL_OPENID', account: wechat.openids[1].openid };
    expect(await client.profitsharing_receivers_add({ ...receiver, relation_type: 'STAFF' }), 200);
    const placed = order({ settle_info: { profit_sharing: true } });
    const { code_url } = expect(await client.transactions_native(placed), 200);
    await pay(code_url);
    await shop.next();
    await nextMinute();
    const { transaction_id } = expect(await client.query({ out_trade_no: placed.out_trade_no }), 200);
    const out_order_no = number('@');
    const receivers = [{ ...receiver, amount: 30, description: '提成' }];
    const asked = { transaction_id, out_order_no, receivers, unfreeze_unsplit: false };
    expect(await client.create_profitsharing_orders(asked), 200);
    const found = expect(await client.query_profitsharing_orders(transaction_id, out_order_no), 200);
    must(found.receivers[0].amount === 30, found);
    must(expect(await client.query_profitsharing_amounts(transaction_id), 200).unsplit_amount === 69, 'another sum');
    const rest = { transaction_id, out_order_no: number(), description: '解冻' };
    expect(await client.profitsharing_orders_unfreeze(rest), 200);
    expect(await client.profitsharing_receivers_delete(receiver), 200);
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
  ['transfer, query, callback', cannot('has batches of transfers only, and no request of any other kind')],
  ['transfer, cancel', cannot('has batches of transfers only, and no request of any other kind')],
  ['combine, query, callback', async () => {
    const first = whole();
    await pay(expect(await client.combine_transactions_native(first), 200).code_url);
    const notice = await told(await shop.next());
    const found = expect(await client.combine_query(first.combine_out_trade_no), 200);
    must(found.sub_orders.every(({ trade_state }) => trade_state === 'SUCCESS'), found);
    must(notice.combine_out_trade_no === first.combine_out_trade_no, notice);
  }],
  ['combine, close', async () => {
    const { mchid } = wechat;
    const { openid } = wechat.openids[1];
    const second = { ...whole(), combine_payer_info: { openid } };
    must(expect(await client.combine_transactions_jsapi(second), 200).paySign.length === 344, 'paySign');
    const sub_orders = second.sub_orders.map(({ out_trade_no }) => ({ mchid, out_trade_no }));
    expect(await client.combine_close(second.combine_out_trade_no, sub_orders), 204);
    const { sub_orders: states } = expect(await client.combine_query(second.combine_out_trade_no), 200);
    must(states.every(({ trade_state }) => trade_state === 'CLOSED'), states);
  }],
  ['trade bill, fund flow bill, download', async () => {
    const { success_time, transaction_id } = expect(await client.query({ out_trade_no: paid.out_trade_no }), 200);
    const bill_date = success_time.slice(0, 10);
    await nextDay();
    for (const ask of [() => client.tradebill({ bill_date }), () => client.fundflowbill({ bill_date })]) {
      const { download_url, hash_value } = expect(await ask(), 200);
      const text = expect(await client.downloadBill(download_url), 200);
      must(text.includes(`,\`${transaction_id},\``), text);
      must(createHash('sha1').update(text).digest('hex') === hash_value, 'another digest');
    }
  }],
  ['not served', async () => {
    expect(await client.profitsharing_bills('2026-01-02'), 403);
  }],
  ['wrong key', async () => {
    const pkcs8 = { type: 'pkcs8', format: 'pem' };
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: pkcs8 });
    const stranger = make(Buffer.from(privateKey));
    must(denial(await stranger.query({ out_trade_no: number() }), 401).code === 'SIGN_ERROR', 'another code');
  }],
  ['skewed clock', async () => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() - 400_000 });
    try {
      must(denial(await client.query({ out_trade_no: number() }), 401).code === 'SIGN_ERROR', 'another code');
    } finally {
      mock.timers.reset();
    }
  }],
  ['certificate rotated in mid-run', async () => {
    await pay(expect(await client.transactions_native(order()), 200).code_url);
    const before = await shop.next();
    await told(before);
    const { listed: [old, next] } = await replaceCertificate('rotate');
    must((await replaceCertificate('switch')).signs === next, 'the old one signs');
    await pay(expect(await client.transactions_native(order()), 200).code_url);
    const after = await shop.next();
    must(before.headers['wechatpay-serial'] === old && after.headers['wechatpay-serial'] === next, after.headers);
    // An unknown serial number makes the SDK download the list.
    must((await told(after)).trade_state === 'SUCCESS', 'another state');
    await told(before);
  }],
]);
