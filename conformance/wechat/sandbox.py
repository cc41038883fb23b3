"""What every Python client here needs: the sandbox's file, its phone, a receiver, and a list of what was found."""

import json
import os
import pathlib
import queue
import threading
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

    def fault(self, name):
        self.ask("/sandbox/faults", {"fault": name})


class Receiver:
    """Takes notifications on this machine; `answer` decides what each is answered with."""

    def __init__(self):
        self.taken = queue.Queue()
        self.answer = lambda headers, body: 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = dict(self.headers.items())
                status = receiver.answer(headers, body)
                receiver.taken.put((headers, body.decode("utf-8"), status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

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


def sandbox():
    return Sandbox(os.environ["TONGBAO_SANDBOX"])
