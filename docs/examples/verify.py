"""Receives Shopbell's events and verifies each by hand, as Standard Webhooks wants it: Python 3.9 or later, standard library only.

    SHOPBELL_WEBHOOK_SECRET=whsec_… PORT=3000 python3 docs/examples/verify.py
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE = 5 * 60  # seconds; older or later ones are repeated by a stranger, or a clock is wrong
MOST = 1024 * 1024  # bytes of a body
SECRET = os.environ.get("SHOPBELL_WEBHOOK_SECRET", "")
if not SECRET.startswith("whsec_"):
    sys.exit("Set SHOPBELL_WEBHOOK_SECRET to the whsec_… of the endpoint.")
KEY = base64.b64decode(SECRET[len("whsec_"):])


def is_genuine(headers, body, now):
    """`body` are the bytes as they came: read as JSON and written again they have another signature."""
    id_, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not id_ or not re.fullmatch(r"[0-9]{1,12}", timestamp) or abs(now - int(timestamp)) > TOLERANCE:
        return False
    digest = hmac.new(KEY, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # Several stand side by side, by spaces, while a secret is replaced.
    given = headers.get("webhook-signature", "").split(" ")
    return any([hmac.compare_digest(signature.encode(), expected) for signature in given])


class Receiver(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a request to come
    seen = set()  # in a shop: a table; an event may come again, under the same id

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > MOST:
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not is_genuine(self.headers, body, time.time()):
            return self.answer(401)
        id_ = self.headers["webhook-id"]
        if id_ not in self.seen:
            print(id_, json.loads(body)["type"], flush=True)
        self.seen.add(id_)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


HTTPServer(("127.0.0.1", int(os.environ.get("PORT") or 3000)), Receiver).serve_forever()
