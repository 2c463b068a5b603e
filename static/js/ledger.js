// What plain HTML and htmx leave undone. Every page works without this file; with it, it works a little better.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);
  const coarse = matchMedia("(pointer: coarse)");

  // Words: the server puts what a script may have to say into the head, in the language of the page. ----------------

  const words = Object.assign({}, ...[...document.querySelectorAll("meta[name=words]")].map((each) => JSON.parse(each.content)));
  const text = (name, values = {}) => words[name].replace(/%\((\w+)\)s/g, (_, key) => values[key]);
  window.ledgerText = text;

  // Messages ------------------------------------------------------------------------------------------------------

  function say(sentence, kind) {
    const box = $("#messages");
    if (!box) return;
    const line = document.createElement("p");
    line.className = `message ${kind}`;
    line.textContent = sentence;
    box.replaceChildren(line);
    if (line.getBoundingClientRect().top < 0) line.scrollIntoView({ block: "nearest" });
  }

  // Only an answer that says where it belongs is shown; the page of a proxy in between is not.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status >= 400 && xhr.getResponseHeader("HX-Retarget") === "#messages") event.detail.shouldSwap = true;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (![409, 422].includes(xhr.status) && xhr.getResponseHeader("HX-Retarget") !== "#messages") say(text("broken"), "bad");
  });
  document.addEventListener("htmx:sendError", () => say(text("lost"), "bad"));
  document.addEventListener("htmx:timeout", () => say(text("slow"), "bad"));
  addEventListener("offline", () => say(text("offline"), "warn"));
  addEventListener("online", () => say(text("online"), "good"));

  // Signed out with a form half filled in: who has signed in again in another window goes on here. The form belongs to
  // the new visit then. ----------------------------------------------------------------------------------------------

  let signedOut = false;
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) signedOut = true;
  });
  async function goOn() {
    if (!signedOut || document.hidden) return;
    const answer = await fetch(location.href, { cache: "no-store" });
    const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
    const headers = body.getAttribute("hx-headers");
    if (!headers || !signedOut) return; // that was the page that asks for the password
    signedOut = false;
    document.body.setAttribute("hx-headers", headers);
    const token = JSON.parse(headers)["X-CSRFToken"];
    document.querySelectorAll("input[name=csrf_token]").forEach((field) => { field.value = token; });
    say(text("signed_in_again"), "good");
  }
  addEventListener("focus", goOn);
  document.addEventListener("visibilitychange", goOn);

  // Sending once is enough. Only courtesy: the server decides by the number of the form. ---------------------------

  const busy = new WeakSet();

  function finish(form) {
    busy.delete(form);
    form.removeAttribute("aria-busy");
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-queue]")) return; // it sends one after another by itself
    if (busy.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (form.method === "post" && !form.target) {
      busy.add(form);
      form.setAttribute("aria-busy", "true");
      setTimeout(() => finish(form), 10000);
    }
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) finish(form);
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(finish));

  // Focus stays where it was, also when the box around it came anew. -----------------------------------------------

  let before = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const at = document.activeElement;
    before = at && at !== document.body ? { id: at.id, name: at.name, form: at.form && at.form.id } : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!before || (document.activeElement && document.activeElement !== document.body)) return;
    const box = event.detail.elt.isConnected ? event.detail.elt : $("#main");
    const again = (before.id && document.getElementById(before.id))
      || (before.name && $(`[name="${CSS.escape(before.name)}"]:not([type=hidden])`, box))
      || $("[aria-invalid=true]", box) || $("[data-focus]", box) || $("#main");
    if (again) again.focus({ preventScroll: true });
  });

  // Keys ------------------------------------------------------------------------------------------------------------
  // data-shortcut="Alt+S" on a link or button opens it; on a field it takes the focus. "/" goes to [data-search].

  function typing(target) {
    return target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  }
  function named(event) {
    const key = event.code && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key;
    return [event.ctrlKey && "Ctrl", event.altKey && "Alt", event.shiftKey && event.key.length > 1 && "Shift", key]
      .filter(Boolean).join("+");
  }
  function visible(element) {
    return element.getClientRects().length > 0 && !element.disabled;
  }
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.metaKey || event.repeat) return;
    const name = named(event);
    if (name.length > 1) {
      const found = [...document.querySelectorAll("[data-shortcut]")]
        .find((element) => element.dataset.shortcut === name && (element.tagName === "A" || visible(element)));
      if (found) {
        event.preventDefault();
        if (/^(INPUT|SELECT|TEXTAREA)$/.test(found.tagName)) {
          found.focus();
          if (found.select) found.select();
        } else found.click();
      }
      return;
    }
    if (typing(event.target)) return;
    const search = event.key === "/" && [...document.querySelectorAll("[data-search]")].find(visible);
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?") {
      event.preventDefault();
      showKeys();
    }
  });

  function showKeys() {
    const sheet = document.createElement("dialog");
    sheet.className = "keys";
    sheet.setAttribute("aria-label", text("keys"));
    const title = document.createElement("h2");
    title.textContent = text("keys");
    const list = document.createElement("dl");
    const seen = new Set();
    const add = (key, does) => {
      if (seen.has(key)) return;
      seen.add(key);
      const term = document.createElement("dt");
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      term.append(kbd);
      const meaning = document.createElement("dd");
      meaning.textContent = does;
      list.append(term, meaning);
    };
    for (const element of document.querySelectorAll("[data-shortcut]")) {
      const label = element.getAttribute("aria-label") || (element.labels && element.labels[0]
        ? element.labels[0].textContent : element.textContent.replace(element.dataset.shortcut, ""));
      add(element.dataset.shortcut, label.trim().replace(/\s+/g, " "));
    }
    if ($("[data-search]")) add("/", text("search"));
    add("?", text("list"));
    add("Esc", text("close"));
    sheet.append(title, list);
    sheet.addEventListener("click", () => sheet.close());
    sheet.addEventListener("close", () => sheet.remove());
    document.body.append(sheet);
    sheet.showModal();
  }

  // Small things ----------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const menu = $("details[data-menu][open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-print]")) print();
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && $("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });
  // A scanner or a keyboard is at hand where the pointer is fine; a phone's keyboard would only cover the page.
  if (coarse.matches && document.activeElement && document.activeElement.autofocus) document.activeElement.blur();
})();
