#!/bin/sh
# A checkout that tells Shopbell of an order and its parcel: curl and sh.
#   SHOPBELL_API_KEY=sbk_… sh docs/examples/checkout.sh
set -eu

url=${SHOPBELL_URL:-http://127.0.0.1:8787}
order=${ORDER:-20418}
[ -n "${SHOPBELL_API_KEY:-}" ] || { echo "Set SHOPBELL_API_KEY: 'make run' prints a key, and API_KEYS holds those of a stack." >&2; exit 2; }

# Prints a field of an answer; none of the fields here stands in it twice.
field() { printf '%s' "$answer" | sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p'; }

# call METHOD PATH [BODY [KEY]]: leaves the answer in $answer, and ends with its reason when it is an error.
call() {
  method=$1 path=$2 body=${3:-} key=${4:-}
  set -- -sS --max-time 15 -X "$method" -H @- -w '\n%{http_code}'
  [ -z "$body" ] || set -- "$@" -H 'Content-Type: application/json' -d "$body"
  [ -z "$key" ] || set -- "$@" -H "Idempotency-Key: $key"
  # The key goes in by standard input, so that no list of processes shows it.
  answer=$(printf 'Authorization: Bearer %s\n' "$SHOPBELL_API_KEY" | curl "$@" "$url$path") ||
    { echo "Nothing answers at $url. Is 'make run' running?" >&2; exit 1; }
  status=$(printf '%s\n' "$answer" | tail -n 1)
  answer=$(printf '%s\n' "$answer" | sed '$d')
  case $status in
    2*) ;;
    *) echo "$method $path: $status $answer" >&2; exit 1 ;;
  esac
}

ids=
# notify NAME BODY: the name makes the Idempotency-Key; the same call with the same key counts once.
notify() {
  call POST /v1/notifications "$2" "checkout-sh-$order-$1"
  ids="$ids $(field id)"
  echo "$1: $(field id)"
}

call POST /v1/links '{"order_number":"'"$order"'","consent_words":"Send me news of my order in Messenger"}'
reference=$(field reference)
echo "For the thank-you page: $(field url)"

notify receipt '{
  "type": "receipt",
  "order": {
    "number": "'"$order"'", "currency": "EUR", "total": 9134, "subtotal": 8100, "shipping": 495, "tax": 1539,
    "lines": [{"title": "Brass lamp", "subtitle": "40 cm", "quantity": 2, "price": 4050, "image_url": "https://shop.example/lamp.jpg"}],
    "adjustments": [{"name": "New customer", "amount": 1000}],
    "payment_method": "Visa 2345", "merchant": "Lamp Shop", "url": "https://shop.example/o/'"$order"'",
    "placed_at": "2026-11-21T10:00:00Z",
    "address": {"street_1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "state": "BE", "country": "DE"}
  },
  "recipient": {"name": "Mia Keller", "email": "mia@example.com", "locale": "de"},
  "consent": {"messenger": true, "email": false, "words": "Send me news of my order in Messenger"}
}'

for status_of_parcel in in_transit out_for_delivery delivered; do
  notify "$status_of_parcel" '{
    "type": "shipping",
    "order": {"number": "'"$order"'"},
    "parcel": {
      "status": "'"$status_of_parcel"'", "tracking_number": "00340434161094000000", "carrier": "DHL",
      "tracking_url": "https://carrier.example/00340434161094000000", "expected_on": "2026-11-24", "late": false, "detail": null
    }
  }'
done

# What becomes of each within five seconds. What is shown already is not shown again.
shown=
for second in 1 2 3 4 5; do
  for id in $ids; do
    call GET "/v1/notifications/$id"
    line="$id: $(field state), $(field way): $(field state_reason)"
    case $shown in
      *"$line"*) ;;
      *) echo "After $second s: $line"; shown="$shown $line" ;;
    esac
  done
  sleep 1
done

case $url in
  http://127.0.0.1:* | http://localhost:*)
    echo "To tap the link as the simulator's Mia (her phone: $url/simulator):"
    echo "  curl -sS -d 'ref=$reference' $url/simulator/c/7733547031807789/link" ;;
esac
