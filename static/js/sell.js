// The till. Without this file every form posts as any form does.

// A lost connection says so and stays until it is back; a sale that got no answer is sent again, with the same number,
// until it is answered: the server stores it once.
(() => {
  "use strict";
  const AGAIN = 2000;
  const banner = document.getElementById("connection");
  if (!banner) return;
  let waitingScans = 0;
  let retrying = null;
  let asking = 0;

  const show = () => {
    const said = [window.ledgerText("away")];
    if (waitingScans) said.push(window.ledgerText("kept", { count: waitingScans }));
    if (retrying) said.push(window.ledgerText("again"));
    banner.textContent = said.join(" ");
    banner.hidden = false;
    if (!asking) asking = setInterval(ask, AGAIN);
  };
  const hide = () => {
    banner.hidden = true;
    clearInterval(asking);
    asking = 0;
  };
  const ask = async () => {
    try {
      const answer = await fetch(banner.dataset.ping, { headers: { "HX-Request": "true" }, cache: "no-store" });
      if (answer.status < 500) hide();
    } catch {
      // Still away: the banner stays.
    }
  };
  const lost = (event) => {
    const form = event.detail.elt.closest?.("[data-keep-trying]");
    if (form && form.isConnected && event.detail.requestConfig?.verb === "post") {
      retrying = setTimeout(() => {
        if (form.isConnected) form.requestSubmit(event.detail.requestConfig.triggeringEvent?.submitter || undefined);
      }, AGAIN);
    }
    show();
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:timeout", lost);
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 502) lost(event);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const status = event.detail.xhr?.status;
    if (status > 0 && status < 500) {
      if (event.detail.elt.closest?.("[data-keep-trying]")) retrying = null;
      hide();
    }
  });
  addEventListener("offline", show);
  addEventListener("online", ask);
  document.addEventListener("ledger:waiting", (event) => {
    waitingScans = event.detail;
    if (!banner.hidden) show();
  });
})();

// Once the sale is on its way nobody needs to see what it would come to: an answer to that must not get in between.
document.addEventListener("htmx:beforeRequest", (event) => {
  "use strict";
  const form = event.detail.elt.closest?.("#payment-form");
  if (!form) return;
  if (event.detail.elt === form) htmx.trigger(form.querySelector("[hx-get]"), "htmx:abort");
  else if (form.hasAttribute("aria-busy")) event.preventDefault();
});

// The sell page: scans are sent one after another, in the order they came, and none is lost while another is under way.
(() => {
  "use strict";
  const form = document.querySelector("[data-scan]");
  if (!form) return;
  const box = form.elements.q;
  let sending = false;

  // Kept in the browser, too, until they are answered: a page that is closed or signed out takes none of them along.
  const PLACE = `waiting-scans:${new URL(form.action).pathname}:${form.dataset.person || ""}`;
  const kept = () => {
    try {
      const found = JSON.parse(localStorage.getItem(PLACE) || "[]");
      return Array.isArray(found) ? found.filter((scan) => scan && scan.q && scan.op_id) : [];
    } catch {
      return [];
    }
  };
  const waiting = kept();
  const keep = () => {
    try {
      if (waiting.length) localStorage.setItem(PLACE, JSON.stringify(waiting));
      else localStorage.removeItem(PLACE);
    } catch {
      // A browser that keeps nothing still sends them.
    }
    document.dispatchEvent(new CustomEvent("ledger:waiting", { detail: waiting.length }));
  };

  // Each scan carries its own id: two quick scans count two, one scan sent again counts one.
  const newId = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
  };

  // Takes back only its own sentence: what the server had to say stays.
  let said = null;
  const tell = (sentence) => {
    said?.remove();
    said = null;
    if (!sentence) return;
    said = document.createElement("p");
    said.className = "message bad";
    said.textContent = sentence;
    document.getElementById("messages").replaceChildren(said);
  };

  const send = async () => {
    if (sending || !waiting.length) return;
    sending = true;
    const scan = waiting[0];
    let answered = false;
    const noted = (event) => {
      if (event.detail.requestConfig?.parameters?.op_id !== scan.op_id) return;
      const { status } = event.detail.xhr;
      const leads = event.detail.xhr.getResponseHeader("HX-Redirect") || "";  // to sign in: it is sent again afterwards
      answered = status > 0 && status < 500 && status !== 401 && !leads.includes("sign-in");
      // Refused before it reached the cart: what was typed is still wanted.
      if (answered && status >= 400 && ![409, 422].includes(status) && !box.value) box.value = scan.q;
    };
    document.body.addEventListener("htmx:afterRequest", noted);
    try {
      const values = { ...scan, csrf_token: form.elements.csrf_token.value };
      await htmx.ajax("POST", form.action, { source: form, target: form.dataset.panel || "#cart-panel", swap: "outerHTML", values });
    } catch {
      answered = false;
    }
    document.body.removeEventListener("htmx:afterRequest", noted);
    sending = false;
    if (answered) {
      waiting.shift();
      keep();
      if (!waiting.length) tell("");
      send();
    } else {
      tell(window.ledgerText("unanswered", { count: waiting.length }));
      setTimeout(send, 1500);
    }
  };

  const add = (text) => {
    waiting.push({ q: text, op_id: newId() });
    keep();
    document.getElementById("hits")?.replaceChildren();
    send();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    const text = box.value.trim();
    if (!text) {
      document.getElementById("tendered")?.focus();
      return;
    }
    box.value = "";
    add(text);
  }, true);

  // A scanner anywhere on the page, see scanner.js; and the camera.
  form.addEventListener("ledger:scan", (event) => {
    event.preventDefault();
    add(event.detail.text);
  });

  // What is looked for while typing is not looked for any more once it was sent; it would wipe out the answer.
  box.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt === box && !box.value.trim()) event.preventDefault();
  });
  box.addEventListener("input", () => {
    if (!box.value.trim()) document.getElementById("hits")?.replaceChildren();
  });

  // Codes that added nothing stay until they are dealt with, each once: the newest are shown, the others fold under them.
  const SHOWN = matchMedia("(max-width: 40rem)").matches ? 1 : 2;
  const notices = document.getElementById("scan-notices");
  const rest = document.createElement("details");
  const restCount = document.createElement("summary");
  const ignoreAll = document.createElement("button");
  rest.className = "more-notices";
  ignoreAll.type = "button";
  ignoreAll.className = "quiet";
  ignoreAll.textContent = window.ledgerText("ignore_all");
  rest.append(restCount, ignoreAll);
  const tidy = () => {
    const held = notices.contains(document.activeElement);
    const seen = new Map();
    for (const notice of notices.querySelectorAll("[data-notice]")) {
      if (seen.has(notice.dataset.notice)) notice.remove();
      else seen.set(notice.dataset.notice, notice);
      notice.querySelector("[data-ignore]").hidden = false;
    }
    const [shown, folded] = [[...seen.values()].slice(0, SHOWN), [...seen.values()].slice(SHOWN)];
    rest.before(...shown.filter((notice) => rest.contains(notice)));
    folded.forEach((notice) => {
      notice.removeAttribute("role"); // it was said once
      ignoreAll.before(notice);
    });
    restCount.textContent = window.ledgerText("more", { count: folded.length });
    if (folded.length && !rest.isConnected) notices.append(rest);
    if (!folded.length) rest.remove();
    if (held && !notices.contains(document.activeElement)) box.focus({ preventScroll: true });
  };
  document.addEventListener("htmx:oobAfterSwap", tidy);
  tidy();
  notices.addEventListener("click", (event) => {
    const all = event.target === ignoreAll;
    if (!all && !event.target.closest("[data-ignore]")) return;
    if (all) notices.querySelectorAll("[data-notice]").forEach((notice) => notice.remove());
    else event.target.closest("[data-notice]").remove();
    tidy();
    box.focus({ preventScroll: true });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      box.value = "";
      document.getElementById("hits")?.replaceChildren();
      box.focus();
    }
    if (event.key === "ArrowDown" && event.target === box) {
      document.querySelector("#hits button")?.focus();
      event.preventDefault();
    }
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && event.target.closest?.("#hits")) {
      const buttons = [...document.querySelectorAll("#hits button")];
      const next = buttons[buttons.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
      (next || box).focus();
      event.preventDefault();
    }
  });

  // A product chosen from the list goes into the cart, and the line is free for the next one.
  document.addEventListener("submit", (event) => {
    if (event.target.matches?.("[data-hit]")) {
      setTimeout(() => {
        box.value = "";
        document.getElementById("hits")?.replaceChildren();
        box.focus();
      });
    }
  });

  // Opening the details of a line goes to its first field, and a touched tile never keeps the focus from the scanner.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.(".line-more[open], .till .act[open]")) {
      event.target.querySelector("form :is(select, input):not([type=hidden])")?.focus();
    }
  }, true);
  document.addEventListener("submit", (event) => {
    if (event.target.matches?.("[data-tile]")) {
      const number = event.target.elements.op_id;
      setTimeout(() => { number.value = newId(); });
    }
  });

  keep();
  send();
})();
