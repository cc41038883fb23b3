"""PyPI wechatpayv3, with the public key and with platform certificates, against a running sandbox."""

import gzip
import hashlib
import json
import sys
import time
import uuid

import requests
from wechatpayv3 import WeChatPay, WeChatPayType, core

from sandbox import Findings, Receiver, sandbox

BOX = sandbox()
SHOP = BOX.wechat
ROTATION = "certificate rotated in mid-run"


def number(mark=""):
    return f"PY{mark}{uuid.uuid4().hex[:20]}"


def make(kind, receiver, **other):
    """A client. Certificates are downloaded by the constructor, so the gateway is set before it runs."""
    core.Core._gate_way = property(lambda _: BOX.api, lambda _, value: None)
    keys = {}
    if kind == "public key":
        keys = {"public_key": BOX.pem("public_key_file"), "public_key_id": SHOP["public_key_id"]}
    settings = {
        "wechatpay_type": WeChatPayType.NATIVE,
        "mchid": SHOP["mchid"],
        "private_key": BOX.pem("private_key_file"),
        "cert_serial_no": SHOP["serial_no"],
        "appid": SHOP["appid"],
        "apiv3_key": SHOP["apiv3_key"],
        "notify_url": receiver.url,
    }
    return WeChatPay(**{**settings, **keys, **other})


def expect(answer, status):
    code, text = answer
    assert code == status, f"{code} {text}, not {status}"
    return json.loads(text) if text else None


def fen(yuan):
    return round(float(yuan) * 100)


def rows(text):
    """The lines of a bill by their columns, and its sums."""
    lines = [line.removeprefix("`").split(",`") for line in text.split("\r\n")]
    columns, names = (",".join(lines[at]).split(",") for at in (0, -3))
    assert lines[-1] == [""], text
    return [dict(zip(columns, line, strict=True)) for line in lines[1:-3]], dict(zip(names, lines[-2], strict=True))


class Checks:
    def __init__(self, kind):
        self.kind = kind
        self.receiver = Receiver()
        self.client = make(kind, self.receiver)
        self.findings = Findings(f"wechatpayv3 ({kind})")
        self.paid = None

    def place(self, out_trade_no=None, **other):
        out_trade_no = out_trade_no or number()
        answer = self.client.pay(
            description="一壶茶", out_trade_no=out_trade_no, amount={"total": 100}, **other
        )
        return out_trade_no, expect(answer, 200)

    def native(self):
        out_trade_no, answer = self.place(attach="桌号 7")
        assert answer["code_url"].startswith("weixin://wxpay/bizpayurl?pr="), answer
        self.paid = out_trade_no, answer["code_url"]

    def jsapi(self):
        openid = SHOP["openids"][1]["openid"]
        _, answer = self.place(pay_type=WeChatPayType.JSAPI, payer={"openid": openid})
        prepay_id = answer["prepay_id"]
        assert len(prepay_id) == 36, answer
        invocation = self.client.sign([SHOP["appid"], "1700000000", "nonce", f"prepay_id={prepay_id}"])
        assert len(invocation) == 344, invocation
        BOX.pay(prepay_id, payer=1)
        self.receiver.next()

    def app(self):
        _, answer = self.place(pay_type=WeChatPayType.APP)
        assert answer["prepay_id"].startswith("wx"), answer

    def h5(self):
        scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
        _, answer = self.place(pay_type=WeChatPayType.H5, scene_info=scene)
        assert answer["h5_url"].startswith(BOX.api), answer
        page = requests.get(answer["h5_url"], timeout=30)
        assert page.status_code == 200 and "/cashier/" in page.url, (page.status_code, page.url)

    def again(self):
        out_trade_no, first = self.place()
        _, second = self.place(out_trade_no)
        assert first["code_url"] != second["code_url"]
        other = self.client.pay(description="two", out_trade_no=out_trade_no, amount={"total": 100})
        assert expect(other, 400)["code"] == "INVALID_REQUEST"

    def callback(self):
        out_trade_no, code_url = self.paid
        BOX.pay(code_url)
        headers, body, _ = self.receiver.next()
        told = self.client.callback(headers, body)
        assert told and told["event_type"] == "TRANSACTION.SUCCESS", body
        assert told["resource"]["out_trade_no"] == out_trade_no, told
        assert not self.client.callback(headers, body.replace("支付", "支出")), "altered and believed"

    def query(self):
        out_trade_no, _ = self.paid
        found = expect(self.client.query(out_trade_no=out_trade_no), 200)
        assert (found["trade_state"], found["attach"]) == ("SUCCESS", "桌号 7"), found
        again = expect(self.client.query(transaction_id=found["transaction_id"]), 200)
        assert again == found, again
        self.transaction_id = found["transaction_id"]

    def refund(self):
        out_refund_no = number("R@")
        amount = {"refund": 40, "total": 100, "currency": "CNY"}
        made = expect(
            self.client.refund(
                out_refund_no=out_refund_no, amount=amount, transaction_id=self.transaction_id, reason="凉了"
            ),
            200,
        )
        assert made["status"] in ("SUCCESS", "PROCESSING") and len(made["refund_id"]) == 29, made
        found = expect(self.client.query_refund(out_refund_no), 200)
        assert found["status"] == "SUCCESS" and found["amount"]["refund"] == 40, found
        headers, body, _ = self.receiver.next()
        told = self.client.callback(headers, body)
        assert told["event_type"] == "REFUND.SUCCESS", told
        assert told["resource"]["refund_status"] == "SUCCESS", told

    def told_of(self, event_type):
        headers, body, _ = self.receiver.next()
        told = self.client.callback(headers, body)
        assert told and told["event_type"] == event_type, body
        return told["resource"]

    def offer(self, **other):
        out_bill_no = number()
        infos = [{"info_type": "活动名称", "info_content": "新会员有礼"}]
        openid = SHOP["openids"][0]["openid"]
        terms = {"transfer_amount": 30, "transfer_remark": "2020年4月报销", "transfer_scene_report_infos": infos}
        made = self.client.mch_transfer_bills(out_bill_no, "1000", openid, **{**terms, **other})
        made = expect(made, 200)
        assert made["state"] == "WAIT_USER_CONFIRM" and made["package_info"], made
        return out_bill_no, made

    def transfer(self):
        out_bill_no, made = self.offer(user_name="张三")
        BOX.confirm(made["package_info"])
        found = expect(self.client.mch_transfer_bills_query(out_bill_no=out_bill_no), 200)
        assert (found["state"], found["transfer_amount"]) == ("SUCCESS", 30), found
        assert self.client.decrypt(found["user_name"]) == "张三", found
        by_id = {"transfer_bill_no": made["transfer_bill_no"]}
        assert expect(self.client.mch_transfer_bills_query(**by_id), 200)["out_bill_no"] == out_bill_no
        told = self.told_of("MCHTRANSFER.BILL.FINISHED")
        assert (told["state"], told["out_bill_no"]) == ("SUCCESS", out_bill_no), told
        assert told["mch_id"] == told["mchid"] == SHOP["mchid"], told

    def cancelled_transfer(self):
        out_bill_no, _ = self.offer(transfer_amount=1)
        done = expect(self.client.mch_transfer_bills_cancel(out_bill_no), 200)
        assert done["state"] == "CANCELLED", done
        assert self.told_of("MCHTRANSFER.BILL.FINISHED")["state"] == "CANCELLED"

    def transfer_batch(self):
        out_batch_no, openid = number(), SHOP["openids"][0]["openid"]
        detail = {"transfer_amount": 30, "transfer_remark": "2020年4月报销", "user_name": "张三"}
        details = [
            {**detail, "out_detail_no": "D1", "openid": openid},
            {**detail, "out_detail_no": "D2", "openid": "nobody"},
        ]
        made = expect(self.client.transfer_batch(out_batch_no, "四月报销", "四月报销", 60, 2, details), 200)
        told = self.told_of("MCHTRANSFER.BATCH.FINISHED")
        assert (told["out_batch_no"], told["success_num"], told["fail_amount"]) == (out_batch_no, 1, 30), told
        found = expect(self.client.transfer_query_batchid(made["batch_id"], need_query_detail=True), 200)
        assert [line["detail_status"] for line in found["transfer_detail_list"]] == ["SUCCESS", "FAIL"], found
        own = expect(self.client.transfer_query_out_batch_no(out_batch_no), 200)
        assert own["transfer_batch"] == found["transfer_batch"], own
        detail_id = found["transfer_detail_list"][0]["detail_id"]
        paid = expect(self.client.transfer_query_detail_id(made["batch_id"], detail_id), 200)
        assert self.client.decrypt(paid["user_name"]) == "张三", paid
        failed = expect(self.client.transfer_query_out_detail_no("D2", out_batch_no), 200)
        assert failed["fail_reason"] == "OPENID_INVALID", failed

    def profit_sharing(self):
        client, openid = self.client, SHOP["openids"][1]["openid"]
        account = {"account_type": "PERSONAL_OPENID", "account": openid}
        added = client.profitsharing_add_receiver(relation_type="STAFF", name="李四", **account)
        assert client.decrypt(expect(added, 200)["name"]) == "李四", added
        out_trade_no, answer = self.place(settle_info={"profit_sharing": True})
        BOX.pay(answer["code_url"])
        transaction_id = self.told_of("TRANSACTION.SUCCESS")["transaction_id"]
        BOX.next_minute()
        receiver = {"type": "PERSONAL_OPENID", "account": openid, "amount": 30, "description": "提成"}
        out_order_no = number("@|")
        named = [{**receiver, "name": "李四"}]
        shared = expect(client.profitsharing_order(transaction_id, out_order_no, named, False), 200)
        assert shared["receivers"][0]["result"] == "SUCCESS", shared
        assert expect(client.profitsharing_order_query(transaction_id, out_order_no), 200) == shared
        assert expect(client.profitsharing_amount_query(transaction_id), 200)["unsplit_amount"] == 69
        more = client.profitsharing_order(transaction_id, number(), [receiver], False)
        assert expect(more, 403)["code"] == "RULE_LIMIT", more
        back = client.profitsharing_return(number(), SHOP["mchid"], 1, "退回", out_order_no=out_order_no)
        assert expect(back, 400)["code"] == "INVALID_REQUEST", "a person gives nothing back"
        back = client.profitsharing_return_query(out_order_no, number())
        assert expect(back, 404)["code"] == "RESOURCE_NOT_EXISTS", back
        done = expect(client.profitsharing_unfreeze(transaction_id, number(), "解冻全部剩余资金"), 200)
        assert done["receivers"][0]["amount"] == 69, done
        assert expect(client.profitsharing_delete_receiver(**account), 200)["account"] == openid

    def complaint(self):
        client, url = self.client, self.receiver.url
        first = client.complaint_notification_create("https://shop.example.com/complaints")
        assert expect(first, 200)["mchid"] == SHOP["mchid"], first
        assert expect(client.complaint_notification_update(url), 200)["url"] == url
        assert expect(client.complaint_notification_query(), 200)["url"] == url
        _, answer = self.place()
        BOX.pay(answer["code_url"])
        complaint_id = BOX.complain(self.told_of("TRANSACTION.SUCCESS")["transaction_id"])
        told = self.told_of("COMPLAINT.CREATE")
        assert told == {"complaint_id": complaint_id, "action_type": "CREATE_COMPLAINT"}, told
        found = expect(client.complaint_detail_query(complaint_id), 200)
        assert (found["complaint_state"], found["problem_type"]) == ("PENDING", "REFUND"), found
        assert client.decrypt(found["payer_phone"]) == BOX.file["payers"][0]["phone"], found
        day = found["complaint_time"][:10]
        listed = expect(client.complaint_list_query(day, day), 200)["data"]
        assert complaint_id in [one["complaint_id"] for one in listed], listed
        expect(client.complaint_response(complaint_id, "已与用户沟通解决"), 204)
        expect(client.complaint_update_refund(complaint_id, "APPROVE", launch_refund_day=0), 204)
        expect(client.complaint_complete(complaint_id), 204)
        actions = sorted(self.told_of("COMPLAINT.STATE_CHANGE")["action_type"] for _ in range(3))
        assert actions == ["MERCHANT_APPROVE_REFUND", "MERCHANT_CONFIRM_COMPLETE", "MERCHANT_RESPONSE"], actions
        history = expect(client.complaint_history_query(complaint_id), 200)
        assert history["total_count"] == 4, history
        assert expect(client.complaint_detail_query(complaint_id), 200)["complaint_state"] == "PROCESSED"
        expect(client.complaint_notification_delete(), 204)
        assert expect(client.complaint_notification_query(), 404)["code"] == "RESOURCE_NOT_EXISTS"

    def combine(self):
        part = {"mchid": SHOP["mchid"], "attach": "桌号 7", "description": "一壶茶"}
        parts = [
            {**part, "out_trade_no": number(), "amount": {"total_amount": total, "currency": "CNY"}}
            for total in (100, 50)
        ]
        whole, client = number(), self.client
        scene = {"device_id": "POS1:123", "payer_client_ip": "127.0.0.1"}
        first = expect(client.combine_pay(whole, parts, scene_info=scene), 200)
        again = expect(client.combine_pay(whole, parts, scene_info=scene), 200)
        assert first["code_url"] != again["code_url"], again
        BOX.pay(again["code_url"])
        told = self.told_of("TRANSACTION.SUCCESS")
        assert told == expect(client.combine_query(whole), 200), told
        assert [sub["trade_state"] for sub in told["sub_orders"]] == ["SUCCESS", "SUCCESS"], told
        amount = {"refund": 50, "total": 50, "currency": "CNY"}
        back = client.refund(number(), amount, out_trade_no=parts[1]["out_trade_no"])
        assert expect(back, 200)["status"] == "SUCCESS", back
        assert self.told_of("REFUND.SUCCESS")["out_trade_no"] == parts[1]["out_trade_no"]
        states = [sub["trade_state"] for sub in expect(client.combine_query(whole), 200)["sub_orders"]]
        assert states == ["SUCCESS", "REFUND"], states
        single = client.query(out_trade_no=parts[0]["out_trade_no"])
        assert expect(single, 404)["code"] == "ORDER_NOT_EXIST", single

    def combine_close(self):
        part = {"mchid": SHOP["mchid"], "attach": "1", "description": "一壶茶"}
        amount = {"total_amount": 1, "currency": "CNY"}
        parts = [{**part, "out_trade_no": number(), "amount": amount} for _ in range(2)]
        whole, client = number(), self.client
        openid = SHOP["openids"][0]["openid"]
        placed = client.combine_pay(
            whole, parts, combine_payer_info={"openid": openid}, pay_type=WeChatPayType.JSAPI
        )
        assert len(expect(placed, 200)["prepay_id"]) == 36, placed
        named = [{"mchid": sub["mchid"], "out_trade_no": sub["out_trade_no"]} for sub in parts]
        assert expect(client.combine_close(whole, named[:1]), 400)["code"] == "INVALID_REQUEST"
        expect(client.combine_close(whole, named), 204)
        expect(client.combine_close(whole, named), 204)
        states = [sub["trade_state"] for sub in expect(client.combine_query(whole), 200)["sub_orders"]]
        assert states == ["CLOSED", "CLOSED"], states

    def scan(self, out_trade_no, code, total=100):
        scene = {"device_id": "POS-1", "store_info": {"id": "0001"}}
        return self.client.pay(
            description="一壶茶",
            out_trade_no=out_trade_no,
            amount={"total": total},
            payer={"auth_code": code},
            scene_info=scene,
            pay_type=WeChatPayType.CODEPAY,
        )

    def codepay(self):
        out_trade_no, code = number(), BOX.payment_code()
        paid = expect(self.scan(out_trade_no, code), 200)
        assert (paid["trade_state"], paid["trade_type"]) == ("SUCCESS", "MICROPAY"), paid
        assert expect(self.scan(out_trade_no, code), 200) == paid
        assert expect(self.scan(number(), code), 400)["code"] == "INVALID_REQUEST", "the code was used"
        done = expect(self.client.codepay_reverse(out_trade_no), 200)
        assert done["out_trade_no"] == out_trade_no, done
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "REVOKED"

    def codepay_password(self):
        """Above 1,000 yuan the payer types the password; the shop asks until it is done."""
        out_trade_no, code = number(), BOX.payment_code()
        waits = expect(self.scan(out_trade_no, code, total=100_001), 200)
        assert waits["trade_state"] == "USERPAYING", waits
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "USERPAYING"
        BOX.pay(code)
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "SUCCESS"
        expect(self.client.codepay_reverse(out_trade_no), 200)

    def close(self):
        out_trade_no, _ = self.place()
        expect(self.client.close(out_trade_no), 204)
        expect(self.client.close(out_trade_no), 204)
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "CLOSED"

    def download(self, offered):
        code, content = self.client.download_bill(offered["download_url"])
        assert code == 200, (code, content)
        plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        assert hashlib.sha1(plain).hexdigest() == offered["hash_value"], offered
        assert plain.startswith(b"\xef\xbb\xbf"), plain[:9]
        return rows(plain.decode("utf-8-sig"))

    def bills(self):
        out_trade_no, _ = self.paid
        paid = expect(self.client.query(out_trade_no=out_trade_no), 200)
        date = paid["success_time"][:10]
        BOX.next_day()
        offered = expect(self.client.trade_bill(bill_date=date), 200)
        lines, sums = self.download(offered)
        own = [line for line in lines if line["商户订单号"] == out_trade_no]
        assert [line["交易状态"] for line in own] == ["SUCCESS", "REFUND"], own
        assert [line["订单金额"] for line in own] == ["1.00", "0.00"], own
        assert own[1]["退款金额"] == "0.40" and own[0]["商户数据包"] == "桌号 7", own
        assert sum(fen(line["订单金额"]) for line in lines) == fen(sums["订单总金额"]), sums
        assert sum(fen(line["退款金额"]) for line in lines) == fen(sums["退款总金额"]), sums
        assert len(lines) == int(sums["总交易单数"]), sums

        success, _ = self.download(expect(self.client.trade_bill(bill_date=date, bill_type="SUCCESS"), 200))
        paid = [line["微信订单号"] for line in lines if line["交易状态"] == "SUCCESS"]
        assert [line["微信订单号"] for line in success] == paid, success

        flows, sums = self.download(expect(self.client.fundflow_bill(bill_date=date), 200))
        for before, line in zip(flows, flows[1:], strict=False):
            moved = fen(line["收支金额(元)"]) * (1 if line["收支类型"] == "收入" else -1)
            assert fen(before["账户结余(元)"]) + moved == fen(line["账户结余(元)"]), line
        assert len(flows) == int(sums["资金流水总笔数"]), sums
        nothing = self.client.fundflow_bill(bill_date=date, account_type="FEES")
        assert expect(nothing, 400)["code"] == "NO_STATEMENT_EXIST"

    def strange_number(self):
        out_trade_no = f"PY|*_-{uuid.uuid4().hex[:20]}"
        self.place(out_trade_no)
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "NOTPAY"
        expect(self.client.close(out_trade_no), 204)

    def probe(self):
        """A deliberately wrong signature is refused, and the right one follows."""
        def verify(headers, body):
            return 200 if self.client.callback(headers, body.decode("utf-8")) else 401

        BOX.fault("signature_probe")
        self.receiver.answer = verify
        _, answer = self.place()
        BOX.pay(answer["code_url"])
        statuses = [self.receiver.next()[2], self.receiver.next()[2]]
        self.receiver.answer = lambda headers, body: 200
        assert statuses == [401, 200], statuses

    def unknown(self):
        assert expect(self.client.query(out_trade_no=number()), 404)["code"] == "ORDER_NOT_EXIST"

    def unserved(self):
        bill = self.client.submch_fundflow_bill(
            sub_mchid="1900000009", bill_date="2026-01-02", account_type="BASIC"
        )
        assert expect(bill, 403)["code"] == "NO_AUTH"

    def wrong_key(self):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = {"public_key": BOX.pem("public_key_file"), "public_key_id": SHOP["public_key_id"]}
        stranger = make("stranger", self.receiver, private_key=pem.decode(), **public)
        answer = stranger.query(out_trade_no=number())
        assert expect(answer, 401)["code"] == "SIGN_ERROR"

    def skewed_clock(self):
        real = time.time
        time.time = lambda: real() - 400
        try:
            answer = self.client.query(out_trade_no=number())
        finally:
            time.time = real
        assert expect(answer, 401)["code"] == "SIGN_ERROR"

    def rotation(self):
        """An unknown serial number makes the SDK download the list; what the old certificate signed stays good."""
        out_trade_no, answer = self.place()
        BOX.pay(answer["code_url"])
        headers, body, _ = self.receiver.next()
        old, new = BOX.rotate()["listed"]
        assert headers["wechatpay-serial"] == old, headers
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "SUCCESS"
        assert BOX.switch()["signs"] == new
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "SUCCESS"
        assert self.client.callback(headers, body), "signed before"
        _, answer = self.place()
        BOX.pay(answer["code_url"])
        headers, body, _ = self.receiver.next()
        assert headers["wechatpay-serial"] == new, headers
        assert self.client.callback(headers, body), body
        out_bill_no, _ = self.offer(user_name="张三")
        expect(self.client.mch_transfer_bills_cancel(out_bill_no), 200)

    def run(self):
        for operation, try_it in [
            ("native", self.native),
            ("jsapi, paySign", self.jsapi),
            ("app", self.app),
            ("h5", self.h5),
            ("place again", self.again),
            ("callback", self.callback),
            ("query by both numbers", self.query),
            ("refund, query, callback", self.refund),
            ("transfer, query, callback", self.transfer),
            ("transfer, cancel", self.cancelled_transfer),
            ("transfer batch, queries, callback", self.transfer_batch),
            ("profit sharing", self.profit_sharing),
            ("combine, query, callback", self.combine),
            ("combine, close", self.combine_close),
            ("code payment, reverse", self.codepay),
            ("code payment with password", self.codepay_password),
            ("close", self.close),
            ("number with | and *", self.strange_number),
            ("complaint, callback, answer", self.complaint),
            ("unknown order", self.unknown),
            ("trade bill, fund flow bill, download", self.bills),
            ("not served", self.unserved),
            ("wrong key", self.wrong_key),
            ("skewed clock", self.skewed_clock),
            ("signature probe", self.probe),
        ]:
            self.findings.check(operation, try_it)
        if self.kind == "certificates":
            self.findings.check(ROTATION, self.rotation)
        else:
            self.findings.cannot(ROTATION, "verifies with the public key, which stays")
        return self.findings.failed


failed = [Checks(kind).run() for kind in ("public key", "certificates")]
sys.exit(1 if any(failed) else 0)
