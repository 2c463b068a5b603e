// The purchase form by keyboard alone: Enter goes from quantity to cost and on to the next line to scan, the arrows go
// up and down a column, Ctrl+Delete takes the line off.
// Without this file each line is a form that Enter sends.
(() => {
  "use strict";
  const scan = () => document.querySelector("[data-purchase-scan]");
  const BOX = "input:not([type=hidden]), select";
  let scanned = false; // by a scanner: the focus stays where it is
  let counted = false; // "12*" said how many

  const go = (box) => {
    box?.focus();
    box?.select?.();
  };
  const nextOf = (box, line) => {
    const boxes = [...line.querySelectorAll(BOX)].filter((each) => each.getClientRects().length);
    return box.matches("[data-cost]") ? undefined : boxes[boxes.indexOf(box) + 1];
  };
  const besideIn = (line, step) => (step > 0 ? line.nextElementSibling : line.previousElementSibling);

  function inLine(event, line) {
    const box = event.target;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Delete" && event.ctrlKey) line.querySelector(".line-remove").click();
    else if (event.key === "Enter" && box.matches(BOX)) {
      box.dispatchEvent(new Event("change", { bubbles: true }));
      go(nextOf(box, line) || scan()?.elements.q);
    } else if (step && box.matches("input")) {
      const other = besideIn(line, step);
      if (other) go(other.querySelector(`[name="${box.name}"]:not([type=hidden])`));
      else if (step > 0) go(scan()?.elements.q);
    } else return;
    event.preventDefault();
  }

  function amongHits(event, step) {
    const stops = [...document.querySelectorAll("#purchase-hits button"), scan().elements.q];
    const last = document.querySelector("#purchase-line-list > :last-child [data-cost]");
    const at = stops.indexOf(event.target);
    if (at < 0) return;
    if (stops.length > 1) stops[(at + step + stops.length) % stops.length].focus();
    else if (step < 0) go(last);
    event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const line = event.target.closest?.(".purchase-line");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (line) inLine(event, line);
    else if (step && event.target.closest?.(".purchase-scan")) amongHits(event, step);
  });

  // What was typed a moment ago is on its way: the goods are received after it has arrived, never before.
  const unsent = new Map(); // form → how often something was typed in it
  const sent = new WeakMap();
  let receiving = null;

  const noteTyping = (event) => {
    const form = event.target.form;
    if (form?.matches("#purchase-head, .purchase-line > form")) unsent.set(form, (unsent.get(form) || 0) + 1);
  };
  document.addEventListener("input", noteTyping);
  document.addEventListener("change", noteTyping);
  document.addEventListener("htmx:beforeRequest", (event) => sent.set(event.detail.elt, unsent.get(event.detail.elt)));
  document.addEventListener("htmx:afterSettle", () => {
    if (receiving && !unsent.size) receiving.requestSubmit();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt;
    if (unsent.has(form) && sent.get(form) === unsent.get(form)) unsent.delete(form);
    for (const each of unsent.keys()) if (!each.isConnected) unsent.delete(each);
    if (!event.detail.successful) receiving = null;
  });
  addEventListener("submit", (event) => {
    if (event.target.id !== "receive-form") return;
    receiving = unsent.size ? event.target : null;
    if (!receiving) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  // Each scan carries its own number: two quick scans count two, one that is sent again counts one.
  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
  };
  // Scans are sent one after another, in the order they came; one without an answer is sent again by itself.
  const waiting = [];
  let sending = false;
  const send = async () => {
    const form = scan();
    if (sending || !waiting.length || !form) return;
    sending = true;
    let status = 0;
    const noted = (event) => {
      if (event.detail.requestConfig?.parameters?.op_id === waiting[0].op_id) status = event.detail.xhr.status;
    };
    document.body.addEventListener("htmx:afterRequest", noted);
    try {
      await htmx.ajax("POST", form.action, { source: form, target: "#scan-notice", swap: "outerHTML", values: waiting[0] });
    } catch {
      status = 0;
    }
    document.body.removeEventListener("htmx:afterRequest", noted);
    sending = false;
    if (status > 0 && status < 500) {
      const { q } = waiting.shift();
      const box = scan()?.elements.q;
      if (status >= 400 && box && !box.value) box.value = q;
      send();
    } else setTimeout(send, 1500);
  };
  const add = (q) => {
    waiting.push({ q, op_id: newId(), csrf_token: scan().elements.csrf_token.value });
    document.getElementById("purchase-hits")?.replaceChildren();
    send();
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-purchase-scan]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const box = event.target.elements.q;
    counted = box.value.includes("*");
    if (box.value.trim()) add(box.value);
    box.value = "";
    scanned = false;
  }, true);
  document.addEventListener("ledger:scan", (event) => {
    if (!event.target.closest("[data-purchase-scan]")) return;
    event.preventDefault();
    scanned = true;
    add(event.detail.text);
  });
  document.addEventListener("submit", (event) => {
    const box = scan()?.elements.q;
    if (!event.target.matches("[data-hit]") || !box) return;
    setTimeout(() => {
      box.value = "";
      document.getElementById("purchase-hits")?.replaceChildren();
      box.focus();
    });
  });
  addEventListener("beforeunload", (event) => {
    if (waiting.length) event.preventDefault();
  });
  // A line that came by hand asks how many, or if that was said, for its cost; unless somebody types on already.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    const at = event.detail.target;
    const line = at.id === "purchase-line-list" ? at.lastElementChild
      : at.matches(".purchase-line") ? document.getElementById(at.id) : null;
    if (!line) return;
    line.scrollIntoView({ block: "nearest" });
    const box = scan()?.elements.q;
    const isFree = [box, document.body].includes(document.activeElement) && !box.value;
    if (!scanned && isFree) go(line.querySelector(counted ? "[data-cost]" : "[name=quantity]"));
    scanned = false;
  });
})();
