// Keeps the page fresh and forms quick. Without this file every form still works, by loading the page again.
"use strict";

const prefix = document.body.dataset.prefix;
const shown = new Map();

/** Remembers what the server drew, to replace only what changed. */
function remember(root) {
  for (const part of root.querySelectorAll("[data-live]")) shown.set(part.id, part.outerHTML);
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time"))
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function toEnd(list) {
  list.scrollTop = list.scrollHeight;
}

/** Takes over the parts that changed; what somebody is writing stays. */
function take(html) {
  const next = new DOMParser().parseFromString(html, "text/html").getElementById("board");
  if (!next) return;
  document.getElementById("board").dataset.version = next.dataset.version;
  for (const phone of next.querySelectorAll(".phone"))
    if (!document.getElementById(phone.id)) {
      remember(phone);
      document.getElementById("phones").append(document.importNode(phone, true));
    }
  for (const part of next.querySelectorAll("[data-live]")) {
    const html = part.outerHTML;
    const old = document.getElementById(part.id);
    if (!old || shown.get(part.id) === html || old.contains(busyField())) continue;
    shown.set(part.id, html);
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
    const from = old.scrollTop;
    old.replaceWith(part);
    localTimes(part);
    if ("scroll" in part.dataset) atEnd ? toEnd(part) : (part.scrollTop = from);
  }
  typingEnds();
}

/** A field with the cursor in it: its surroundings wait. */
function busyField() {
  const field = document.activeElement;
  return field && field.matches("input, select") ? field : null;
}

/** The three dots go when their time is over, without asking the server. */
function typingEnds() {
  for (const dots of document.querySelectorAll(".typing"))
    setTimeout(() => dots.remove(), Math.max(0, Number(dots.dataset.until) - Date.now()));
}

async function follow() {
  for (;;) {
    try {
      const seen = document.getElementById("board").dataset.version;
      const answer = await fetch(`${prefix}/live?seen=${seen}`);
      if (answer.status === 200) take(await answer.text());
      else if (answer.status !== 204) throw new Error(String(answer.status));
      document.body.classList.remove("offline");
    } catch {
      document.body.classList.add("offline");
      await new Promise((resume) => setTimeout(resume, 2000));
    }
  }
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("async" in form.dataset)) return;
  event.preventDefault();
  const button = event.submitter;
  const body = new URLSearchParams(new FormData(form, button));
  const action = (button && button.getAttribute("formaction")) || form.action;
  const sheet = form.closest("details.plus, details.react, details.more");
  const field = form.querySelector("input:not([type])");
  const written = field ? field.value : "";
  if (field) field.value = "";
  if (sheet) sheet.open = false;
  try {
    const answer = await fetch(action, { method: "POST", body, headers: { "x-by-script": "1" } });
    if (!answer.ok) throw new Error(await answer.text());
  } catch (error) {
    if (field) field.value = written;
    document.body.classList.add("offline");
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
  for (const sheet of document.querySelectorAll("details.plus[open], details.more[open], details.react[open]"))
    if (!sheet.contains(event.target)) sheet.open = false;
});

remember(document);
localTimes(document);
document.querySelectorAll("[data-scroll]").forEach(toEnd);
typingEnds();
follow();
