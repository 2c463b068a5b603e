// The purchase form by keyboard alone: Enter goes from quantity to cost and on to the next line to scan.
// Without this file each line is a form that Enter sends.
(() => {
  "use strict";
  const scan = () => document.querySelector("[data-purchase-scan]");
  let scanned = false; // by a scanner: the focus stays where it is

  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    const line = event.target.closest?.(".purchase-line");
    if (event.key === "Enter" && line && event.target.matches("input:not([type=hidden]), select")) {
      event.preventDefault();
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
      const boxes = [...line.querySelectorAll("input:not([type=hidden]), select")].filter((box) => box.getClientRects().length);
      const next = boxes[boxes.indexOf(event.target) + 1];
      const box = event.target.matches("[data-cost]") || !next ? scan()?.elements.q : next;
      box?.focus();
      box?.select?.();
    }
    if (event.key === "ArrowDown" && event.target.id === "scan-text") {
      document.querySelector("#purchase-hits button")?.focus();
      event.preventDefault();
    }
    if (["ArrowDown", "ArrowUp"].includes(event.key) && event.target.closest?.("#purchase-hits")) {
      const buttons = [...document.querySelectorAll("#purchase-hits button")];
      (buttons[buttons.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)] || scan().elements.q).focus();
      event.preventDefault();
    }
  });

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
  // A line that came by hand and whose cost is not known yet asks for it.
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target.id !== "purchase-line-list") return;
    const line = event.detail.target.lastElementChild;
    if (line?.matches("[data-wants-cost]") && !scanned) line.querySelector("[data-cost]")?.focus();
    scanned = false;
  });
})();
