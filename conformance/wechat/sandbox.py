"""What every Python client here needs: the sandbox's file, its phone, a receiver, and a list of what was found."""

import json
import os
import pathlib
import queue
import secrets
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Longer than a delivery and its first retry, which comes after 15 seconds.
PATIENCE_S = 60


class Sandbox:
    """A running sandbox, by its sandbox.json."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.file = json.loads(self.path.read_text(encoding="utf-8"))
        self.api = self.file["api"]
        self.wechat = self.file["wechat"]

    def pem(self, name):
        return (self.path.parent / self.wechat[name]).read_text(encoding="utf-8")

    def ask(self, path, body):
        request = urllib.request.Request(
            self.api + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def pay(self, code, payer=0):
        paid = self.ask("/sandbox/phone/pay", {"payer": self.file["payers"][payer]["id"], "code": code})
        assert paid["paid"], paid

    def payment_code(self, payer=0):
        """The digits on a payer's screen, for a shop to scan."""
        shown = self.ask("/sandbox/phone/payment-code", {"payer": self.file["payers"][payer]["id"]})
        return shown["payment_code"]

    def fault(self, name):
        self.ask("/sandbox/faults", {"fault": name})

    def confirm(self, package, payer=0):
        body = {"payer": self.file["payers"][payer]["id"], "package": package}
        confirmed = self.ask("/sandbox/phone/confirm-transfer", body)
        assert confirmed["transfer"]["status"] == "accepted", confirmed

    def complain(self, payment, payer=0):
        """A payer complains about a payment; the number of the complaint."""
        body = {"payer": self.file["payers"][payer]["id"], "payment": payment, "kind": "refund", "text": "茶是凉的"}
        return self.ask("/sandbox/complaints", body)["complaint_id"]

    def advance(self, seconds):
        """Moves the clock once what was sent is noted as sent: else its lease ends, and it is sent again."""
        until = time.monotonic() + PATIENCE_S
        while self.due() and time.monotonic() < until:
            time.sleep(0.05)
        self.ask("/sandbox/clock", {"advance_s": seconds})

    def due(self):
        request = urllib.request.Request(
            self.api + "/v1/deliveries?status=due",
            headers={"Authorization": f"Bearer {self.file['secret_key']}"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)["data"]

    def rotate(self):
        """Makes the next platform certificate. Both are listed, the present one signs."""
        return self.replace_certificate("rotate")

    def switch(self):
        """Lets the newest platform certificate sign."""
        return self.replace_certificate("switch")

    def replace_certificate(self, step):
        return self.ask("/sandbox/wechat/platform-certificate", {"step": step})

    def next_minute(self):
        """Moves the clock on: nothing is shared in the first minute after a payment."""
        self.advance(61)

    def next_day(self):
        """Moves the clock beyond the day, and an hour more: bills are not made at midnight."""
        self.advance(25 * 3_600)


class Receiver:
    """Takes notifications on this machine; `answer` decides what each is answered with.

    Its path is its own: what was meant for a client before, whose port this is now, is not taken. Nor is what was
    taken already and is sent again, as it may be.
    """

    def __init__(self):
        path = f"/notify/{secrets.token_hex(8)}"
        known = set()
        self.taken = queue.Queue()
        self.answer = lambda headers, body: 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = dict(self.headers.items())
                status = self.take(headers, body) if self.path == path else 404
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def take(self, headers, body):
                number = json.loads(body)["id"]
                if number in known:
                    return 200
                status = receiver.answer(headers, body)
                if status == 200:
                    known.add(number)
                receiver.taken.put((headers, body.decode("utf-8"), status))
                return status

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}{path}"

    def next(self):
        return self.taken.get(timeout=PATIENCE_S)


class Findings:
    """One line of JSON for each operation, for whoever runs this."""

    def __init__(self, client):
        self.client = client
        self.failed = False

    def check(self, operation, try_it):
        try:
            try_it()
            found = {"client": self.client, "operation": operation, "ok": True}
        except Exception as error:  # what an SDK may raise is its own affair
            self.failed = True
            why = f"{type(error).__name__}: {error}"
            found = {"client": self.client, "operation": operation, "ok": False, "why": why}
        print(json.dumps(found, ensure_ascii=False), flush=True)


    def cannot(self, operation, why):
        """The SDK has no such operation."""
        found = {"client": self.client, "operation": operation, "ok": None, "why": why}
        print(json.dumps(found, ensure_ascii=False), flush=True)


def sandbox():
    return Sandbox(os.environ["TONGBAO_SANDBOX"])
