// npm wechatpay-axios-plugin, with the public key and with a platform certificate, against a running sandbox.

import { generateKeyPairSync } from 'node:crypto';
import { mock } from 'node:test';
import { gunzipSync } from 'node:zlib';

import axiosPlugin from 'wechatpay-axios-plugin';

import {
  api, cannot, complain, confirm, fault, file, must, nextDay, nextMinute, number, pay, paymentCode, pem, receiver, replaceCertificate, run,
  wechat,
} from './sandbox.mjs';

const { Wechatpay, Aes, Hash, Rsa, Formatter } = axiosPlugin;

/** The platform certificates, downloaded as the plugin's own command does: the first answer cannot be verified. */
async function platformCertificates() {
  const target = '/v3/certificates';
  const [timestamp, nonce] = [Formatter.timestamp(), Formatter.nonce()];
  const signature = Rsa.sign(Formatter.request('GET', target, timestamp, nonce), pem('private_key_file'));
  const headers = {
    Accept: 'application/json',
    'User-Agent': 'conformance',
    Authorization: Formatter.authorization(wechat.mchid, nonce, signature, timestamp, wechat.serial_no),
  };
  return opened(await (await fetch(api + target, { headers })).json());
}

/** A list of certificates by their serial numbers. */
function opened({ data }) {
  const open = ({ serial_no, encrypt_certificate: { nonce, ciphertext, associated_data } }) =>
    [serial_no, Aes.AesGcm.decrypt(ciphertext, wechat.apiv3_key, nonce, associated_data)];
  return Object.fromEntries(data.map(open));
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
  const open = () => new Wechatpay({
    mchid: wechat.mchid,
    serial: wechat.serial_no,
    privateKey: pem('private_key_file'),
    certs,
    baseURL: api,
    headers,
  });
  const client = open();
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

  const combine = client.v3.combineTransactions;
  const whole = () => ({
    combine_appid: wechat.appid,
    combine_mchid: wechat.mchid,
    combine_out_trade_no: number(),
    sub_orders: [100, 50].map((total_amount) => ({
      mchid: wechat.mchid,
      attach: '桌号 7',
      description: '一壶茶',
      out_trade_no: number(),
      amount: { total_amount, currency: 'CNY' },
    })),
    notify_url: shop.url,
  });
  const find = (combine_out_trade_no) =>
    combine.outTradeNo['{combine_out_trade_no}'].get({ combine_out_trade_no });

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
    ['transfer, query, callback', async () => {
      const bills = client.v3.fundApp.mchTransfer.transferBills;
      const [{ openid }] = wechat.openids;
      const bill = {
        appid: wechat.appid,
        out_bill_no: number(),
        transfer_scene_id: '1000',
        openid,
        user_name: Rsa.encrypt('张三', Object.values(certs)[0]),
        transfer_amount: 30,
        transfer_remark: '报销',
        notify_url: shop.url,
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '新会员有礼' }],
      };
      const named = { headers: { 'Wechatpay-Serial': Object.keys(certs)[0] } };
      const { data } = await bills.post(bill, named);
      must(data.state === 'WAIT_USER_CONFIRM', data);
      await confirm(data.package_info);
      const { out_bill_no } = bill;
      const found = await bills.outBillNo['{out_bill_no}'].get({ out_bill_no });
      must(found.data.state === 'SUCCESS', found.data);
      must(Rsa.decrypt(found.data.user_name, pem('private_key_file')) === '张三', found.data);
      const notice = told(await shop.next());
      must(notice.event_type === 'MCHTRANSFER.BILL.FINISHED' && notice.plain.state === 'SUCCESS', notice);
    }],
    ['transfer, cancel', async () => {
      const bills = client.v3.fundApp.mchTransfer.transferBills;
      const out_bill_no = number();
      const [{ openid }] = wechat.openids;
      await bills.post({
        appid: wechat.appid,
        out_bill_no,
        transfer_scene_id: '1000',
        openid,
        transfer_amount: 1,
        transfer_remark: '报销',
        transfer_scene_report_infos: [{ info_type: '活动名称', info_content: '新会员有礼' }],
      });
      const { data } = await bills.outBillNo['{out_bill_no}'].cancel.post({}, { out_bill_no });
      must(data.state === 'CANCELLED', data);
    }],
    ['transfer batch, queries, callback', async () => {
      const { batches } = client.v3.transfer;
      const detail = (out_detail_no, openid) => ({
        out_detail_no,
        transfer_amount: 30,
        transfer_remark: '报销',
        openid,
        user_name: Rsa.encrypt('张三', Object.values(certs)[0]),
      });
      const out_batch_no = number();
      const asked = {
        appid: wechat.appid,
        out_batch_no,
        batch_name: '四月报销',
        batch_remark: '四月报销',
        total_amount: 60,
        total_num: 2,
        transfer_detail_list: [detail('D1', wechat.openids[0].openid), detail('D2', 'nobody')],
        notify_url: shop.url,
      };
      const named = { headers: { 'Wechatpay-Serial': Object.keys(certs)[0] } };
      const { batch_id } = (await batches.post(asked, named)).data;
      const notice = told(await shop.next());
      must(notice.event_type === 'MCHTRANSFER.BATCH.FINISHED' && notice.plain.success_num === 1, notice);
      const params = { need_query_detail: true, detail_status: 'FAIL' };
      const found = (await batches.batchId['{batch_id}'].get({ params, batch_id })).data;
      must(found.transfer_batch.fail_amount === 30, found);
      must(found.transfer_detail_list.map((line) => line.out_detail_no).join() === 'D2', found);
      const details = batches.outBatchNo['{out_batch_no}'].details;
      const paid = await details.outDetailNo['{out_detail_no}'].get({ out_batch_no, out_detail_no: 'D1' });
      must(Rsa.decrypt(paid.data.user_name, pem('private_key_file')) === '张三', paid.data);
    }],
    ['profit sharing', async () => {
      const { appid } = wechat;
      const sharing = client.v3.profitsharing;
      const receiver = { type: 'PERSONAL_OPENID', account: wechat.openids[1].openid };
      await sharing.receivers.add.post({ appid, ...receiver, relation_type: 'STAFF' });
      const placed = await orders.native.post(order({ settle_info: { profit_sharing: true } }));
      await pay(placed.data.code_url);
      const { transaction_id } = told(await shop.next()).plain;
      await nextMinute();
      const out_order_no = number('@');
      const receivers = [{ ...receiver, amount: 30, description: '提成' }];
      const asked = { appid, transaction_id, out_order_no, receivers, unfreeze_unsplit: false };
      const shared = await sharing.orders.post(asked);
      must(shared.data.receivers[0].result === 'SUCCESS', shared.data);
      const params = { transaction_id };
      const found = await sharing.orders['{out_order_no}'].get({ params, out_order_no });
      must(found.data.order_id === shared.data.order_id, found.data);
      const left = await sharing.transactions['{transaction_id}'].amounts.get({ transaction_id });
      must(left.data.unsplit_amount === 69, left.data);
      const description = '解冻全部剩余资金';
      const done = await sharing.orders.unfreeze.post({ transaction_id, out_order_no: number(), description });
      must(done.data.receivers[0].amount === 69, done.data);
      // As a name it would be the method.
      await client.chain('v3/profitsharing/receivers/delete').post({ appid, ...receiver });
    }],
    ['combine, query, callback', async () => {
      const first = whole();
      await pay((await combine.native.post(first)).data.code_url);
      const notice = told(await shop.next());
      const { data } = await find(first.combine_out_trade_no);
      must(JSON.stringify(notice.plain) === JSON.stringify(data), notice.plain);
      must(data.sub_orders.every((sub) => sub.trade_state === 'SUCCESS'), data);
    }],
    ['combine, close', async () => {
      const { appid: combine_appid, mchid } = wechat;
      const second = whole();
      const { combine_out_trade_no } = second;
      await combine.app.post(second);
      const sub_orders = second.sub_orders.map(({ out_trade_no }) => ({ mchid, out_trade_no }));
      const close = combine.outTradeNo['{combine_out_trade_no}'].close;
      await refused(close.post({ combine_appid, sub_orders: [] }, { combine_out_trade_no }), 400, 'INVALID_REQUEST');
      const closed = await close.post({ combine_appid, sub_orders }, { combine_out_trade_no });
      must(closed.status === 204, closed.status);
      must((await find(combine_out_trade_no)).data.sub_orders[1].trade_state === 'CLOSED', 'it is open');
    }],
    ['code payment, reverse', async () => {
      const { mchid, appid } = wechat;
      const scan = async (total) => {
        const asked = {
          mchid,
          appid,
          description: '一壶茶',
          out_trade_no: number(),
          payer: { auth_code: await paymentCode(0) },
          amount: { total },
          scene_info: { store_info: { out_id: '深圳分店' } },
        };
        return { asked, found: (await orders.codepay.post(asked)).data };
      };
      const { asked, found } = await scan(100);
      must(found.trade_state === 'SUCCESS' && found.trade_type === 'MICROPAY', found);
      await refused(orders.codepay.post({ ...asked, out_trade_no: number() }), 400, 'INVALID_REQUEST');
      const { out_trade_no } = asked;
      const { data } = await orders.outTradeNo['{out_trade_no}'].reverse.post({ mchid, appid }, { out_trade_no });
      must(data.out_trade_no === out_trade_no, data);
      must((await query(out_trade_no)).data.trade_state === 'REVOKED', 'it is not reversed');
      const waits = await scan(100_001);
      must(waits.found.trade_state === 'USERPAYING', waits.found);
      await pay(waits.asked.payer.auth_code);
      must((await query(waits.asked.out_trade_no)).data.trade_state === 'SUCCESS', 'it is not paid');
      const dear = { out_trade_no: waits.asked.out_trade_no };
      await orders.outTradeNo['{out_trade_no}'].reverse.post({ mchid, appid }, dear);
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
    ['complaint, callback, answer', async () => {
      const address = client.chain('v3/merchant-service/complaint-notifications');
      const of = (what) => client.chain(`v3/merchant-service/complaints-v2/{complaint_id}${what}`);
      const complainted_mchid = wechat.mchid;
      must((await address.post({ url: shop.url })).data.url === shop.url, 'another address');
      await pay((await orders.native.post(order())).data.code_url);
      const complaint_id = await complain(told(await shop.next()).plain.transaction_id);
      const { event_type, plain } = told(await shop.next());
      must(event_type === 'COMPLAINT.CREATE' && plain.complaint_id === complaint_id, plain);
      const { data: found } = await of('').get({ complaint_id });
      must(found.complaint_state === 'PENDING', found);
      must(Rsa.decrypt(found.payer_phone, pem('private_key_file')) === file.payers[0].phone, found);
      const begin_date = found.complaint_time.slice(0, 10);
      const params = { begin_date, end_date: begin_date, limit: 50 };
      const { data: listed } = await client.chain('v3/merchant-service/complaints-v2').get({ params });
      must(listed.data.some((one) => one.complaint_id === complaint_id), listed);
      const answer = { complainted_mchid, response_content: '已与用户沟通解决' };
      must((await of('/response').post(answer, { complaint_id })).status === 204, 'another status');
      must(told(await shop.next()).plain.action_type === 'MERCHANT_RESPONSE', 'another action');
      await of('/complete').post({ complainted_mchid }, { complaint_id });
      must(told(await shop.next()).plain.action_type === 'MERCHANT_CONFIRM_COMPLETE', 'another action');
      const { data: history } = await of('/negotiation-historys').get({ complaint_id });
      must(history.total_count === 3, history);
      // As a name it would be the method.
      must((await client.chain('v3/merchant-service/complaint-notifications').delete()).status === 204, 'it stays');
      await refused(address.get(), 404, 'RESOURCE_NOT_EXISTS');
    }],
    ['unknown order', () => refused(query(number()), 404, 'ORDER_NOT_EXIST')],
    ['trade bill, fund flow bill, download', async () => {
      const bill_date = transaction.success_time.slice(0, 10);
      const download = async ({ data: { hash_value, download_url } }) => {
        const params = Object.fromEntries(new URL(download_url).searchParams);
        const { data } = await client.v3.billdownload.file.get({ params, responseType: 'arraybuffer' });
        const plain = data[0] === 0x1f ? gunzipSync(data) : Buffer.from(data);
        must(Hash.sha1(plain) === hash_value, 'another digest');
        return Formatter.castCsvBill(plain);
      };
      await nextDay();
      const { rows, summary } = await download(await client.v3.bill.tradebill.get({ params: { bill_date } }));
      const own = rows.filter((row) => row.微信订单号 === transaction.transaction_id);
      must(own.map((row) => row.交易状态).join() === 'SUCCESS,REFUND', own);
      must(own[0].商户数据包 === paid.attach && own[1].退款金额 === '0.40', own);
      must(Number(summary.总交易单数) === rows.length, summary);
      const params = { bill_date, account_type: 'BASIC', tar_type: 'GZIP' };
      const flows = await download(await client.v3.bill.fundflowbill.get({ params }));
      must(flows.rows.at(-1)['账户结余(元)'] > 0, flows.rows.at(-1));
      must(Number(flows.summary.资金流水总笔数) === flows.rows.length, flows.summary);
    }],
    ['not served', () => {
      const params = { sub_mchid: '1900000009', bill_date: '2026-01-02' };
      return refused(client.v3.bill.subMerchantFundflowbill.get({ params }), 403, 'NO_AUTH');
    }],
    ['wrong key', () => {
      const stranger = new Wechatpay({
        mchid: wechat.mchid,
        serial: wechat.serial_no,
        privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
        certs,
        baseURL: api,
      });
      return refused(stranger.v3.certificates.get(), 401, 'SIGN_ERROR');
    }],
    ['skewed clock', async () => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() - 400_000 });
      try {
        await refused(query(number()), 401, 'SIGN_ERROR');
      } finally {
        mock.timers.reset();
      }
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
      shop.answer = async () => 200;
      must(statuses.join() === '401,200', statuses);
    }],
    ['certificate rotated in mid-run', kind === 'certificates'
      ? async () => {
        const first = order();
        await pay((await orders.native.post(first)).data.code_url);
        const before = await shop.next();
        const { listed: [old, next] } = await replaceCertificate('rotate');
        must(before.headers['wechatpay-serial'] === old, before.headers);
        // The plugin downloads nothing by itself, and takes certificates when it is made: the list is verified with
        // the present one, and given to the next client.
        Object.assign(certs, opened((await client.v3.certificates.get()).data));
        must(next in certs, Object.keys(certs));
        must((await replaceCertificate('switch')).signs === next, 'the old one signs');
        const renewed = open().v3.pay.transactions;
        const { out_trade_no } = first;
        const found = await renewed.outTradeNo['{out_trade_no}'].get({ ...ofShop, out_trade_no });
        must(found.data.trade_state === 'SUCCESS', found.data);
        must(told(before).plain.out_trade_no === first.out_trade_no, 'signed before');
        await pay((await renewed.native.post(order())).data.code_url);
        const after = await shop.next();
        must(after.headers['wechatpay-serial'] === next && told(after).plain.trade_state === 'SUCCESS', after.headers);
      }
      : cannot('verifies with the public key, which stays')],
  ]);
}

await check(
  'public key',
  { [wechat.public_key_id]: pem('public_key_file') },
  { 'Wechatpay-Serial': wechat.public_key_id },
);
await check('certificates', await platformCertificates(), {});
