"""A checkout that tells Shopbell of an order and its parcel: Python 3.9 or later, standard library only.

    SHOPBELL_API_KEY=sbk_… python3 docs/examples/checkout.py
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("SHOPBELL_URL") or "http://127.0.0.1:8787"
KEY = os.environ.get("SHOPBELL_API_KEY")
NUMBER = os.environ.get("ORDER") or "20418"
WORDS = "Send me news of my order in Messenger"


def call(method, path, body=None, idempotency_key=None):
    request = urllib.request.Request(URL + path, method=method, headers={"Authorization": f"Bearer {KEY}"})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if idempotency_key:
        request.add_header("Idempotency-Key", idempotency_key)
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        # Errors are problem+json (RFC 9457): `detail` says what to do.
        text = error.read().decode(errors="replace")
        try:
            text = json.loads(text).get("detail", text)
        except (ValueError, AttributeError):
            pass
        sys.exit(f"{method} {path}: {error.code} {text}")
    except OSError as error:
        sys.exit(f"Nothing answers at {URL} ({error}). Is 'make run' running?")
    except ValueError:
        sys.exit(f"{method} {path}: the answer is no JSON. Is {URL} a Shopbell?")


def notify(name, body):
    """The same call with the same Idempotency-Key counts once, so this may be repeated after an error."""
    notice = call("POST", "/v1/notifications", body, f"checkout-py-{NUMBER}-{name}")
    print(f"{name}: {notice['id']}")
    return notice["id"]


# Amounts are in minor units of the currency: 9134 is €91.34.
RECEIPT = {
    "type": "receipt",
    "order": {
        "number": NUMBER, "currency": "EUR", "total": 9134, "subtotal": 8100, "shipping": 495, "tax": 1539,
        "lines": [{"title": "Brass lamp", "subtitle": "40 cm", "quantity": 2, "price": 4050, "image_url": "https://shop.example/lamp.jpg"}],
        "adjustments": [{"name": "New customer", "amount": 1000}],
        "payment_method": "Visa 2345", "merchant": "Lamp Shop", "url": f"https://shop.example/o/{NUMBER}",
        "placed_at": "2026-11-21T10:00:00Z",
        "address": {"street_1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "state": "BE", "country": "DE"},
    },
    "recipient": {"name": "Mia Keller", "email": "mia@example.com", "locale": "de"},
    "consent": {"messenger": True, "email": False, "words": WORDS},
}


def shipping(status):
    tracking = "00340434161094000000"
    parcel = {"status": status, "tracking_number": tracking, "tracking_url": f"https://carrier.example/{tracking}", "carrier": "DHL"}
    parcel.update(expected_on="2026-11-24", late=False, detail=None)
    return {"type": "shipping", "order": {"number": NUMBER}, "parcel": parcel}


def main():
    if not KEY:
        sys.exit("Set SHOPBELL_API_KEY: 'make run' prints a key, and API_KEYS holds those of a stack.")
    link = call("POST", "/v1/links", {"order_number": NUMBER, "consent_words": WORDS})
    print(f"For the thank-you page: {link['url']}")
    ids = [notify("receipt", RECEIPT)]
    ids += [notify(status, shipping(status)) for status in ("in_transit", "out_for_delivery", "delivered")]
    # What becomes of each within five seconds. What is shown already is not shown again.
    shown = set()
    for second in range(1, 6):
        for id_ in ids:
            notice = call("GET", f"/v1/notifications/{id_}")
            line = f"{id_}: {notice['state']}, {notice['way'] or 'undecided'}: {notice['state_reason'] or ''}"
            if line not in shown:
                print(f"After {second} s: {line}")
            shown.add(line)
        time.sleep(1)
    if urllib.parse.urlsplit(URL).hostname in ("127.0.0.1", "localhost"):
        print(f"To tap the link as the simulator's Mia (her phone: {URL}/simulator):")
        print(f"  curl -sS -d 'ref={link['reference']}' {URL}/simulator/c/7733547031807789/link")


main()
