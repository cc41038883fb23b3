"""PyPI wechatpayv3, with the public key and with platform certificates, against a running sandbox."""

import json
import sys
import time
import uuid

import requests
from wechatpayv3 import WeChatPay, WeChatPayType, core

from sandbox import Findings, Receiver, sandbox

BOX = sandbox()
SHOP = BOX.wechat


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


class Checks:
    def __init__(self, kind):
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

    def close(self):
        out_trade_no, _ = self.place()
        expect(self.client.close(out_trade_no), 204)
        expect(self.client.close(out_trade_no), 204)
        assert expect(self.client.query(out_trade_no=out_trade_no), 200)["trade_state"] == "CLOSED"

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
        bill = self.client.trade_bill(bill_date="2026-01-02", tar_type="GZIP")
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
            ("close", self.close),
            ("number with | and *", self.strange_number),
            ("unknown order", self.unknown),
            ("not served", self.unserved),
            ("wrong key", self.wrong_key),
            ("skewed clock", self.skewed_clock),
            ("signature probe", self.probe),
        ]:
            self.findings.check(operation, try_it)
        return self.findings.failed


failed = [Checks(kind).run() for kind in ("public key", "certificates")]
sys.exit(1 if any(failed) else 0)
