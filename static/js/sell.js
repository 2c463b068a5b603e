// The sell page: scans are sent one after another, in the order they came, and none is lost while another is under way.
// Without this file the form posts as any form does.
(() => {
  "use strict";
  const form = document.querySelector("[data-scan]");
  if (!form) return;
  const box = form.elements.q;
  const waiting = [];
  let sending = false;

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
      answered = status > 0 && status < 500;
      // Refused before it reached the cart: what was typed is still wanted.
      if (answered && status >= 400 && ![409, 422].includes(status) && !box.value) box.value = scan.q;
    };
    document.body.addEventListener("htmx:afterRequest", noted);
    try {
      await htmx.ajax("POST", form.action, { source: form, target: form.dataset.panel || "#cart-panel", swap: "outerHTML", values: scan });
    } catch {
      answered = false;
    }
    document.body.removeEventListener("htmx:afterRequest", noted);
    sending = false;
    if (answered) {
      waiting.shift();
      if (!waiting.length) tell("");
      send();
    } else {
      tell(`No answer from the shop's server. ${waiting.length === 1 ? "One scan is" : `${waiting.length} scans are`} kept here and sent again by itself.`);
      setTimeout(send, 1500);
    }
  };

  const add = (text) => {
    waiting.push({ q: text, op_id: newId(), csrf_token: form.elements.csrf_token.value });
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

  // Codes that added nothing stay until they are dealt with, each once.
  const notices = document.getElementById("scan-notices");
  const tidy = () => {
    const seen = new Map();
    for (const notice of notices.querySelectorAll("[data-notice]")) {
      seen.get(notice.dataset.notice)?.remove();
      seen.set(notice.dataset.notice, notice);
      notice.querySelector("[data-ignore]").hidden = false;
    }
  };
  document.addEventListener("htmx:oobAfterSwap", tidy);
  tidy();
  notices.addEventListener("click", (event) => {
    if (event.target.closest("[data-ignore]")) {
      event.target.closest("[data-notice]").remove();
      box.focus({ preventScroll: true });
    }
  });

  const camera = document.querySelector("[data-camera]");
  if (camera && matchMedia("(pointer: coarse)").matches) camera.hidden = false;
  camera?.addEventListener("click", async () => {
    const { read } = await import(camera.dataset.camera);
    read(camera);
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

  window.addEventListener("beforeunload", (event) => {
    if (waiting.length) event.preventDefault();
  });
})();
