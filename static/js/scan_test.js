// The test page of scanners: shows every key with the time before it, and what the page made of them.
(() => {
  "use strict";
  const panel = document.querySelector("[data-keys]");
  const table = document.getElementById("keys-table");
  const verdict = document.getElementById("keys-verdict");
  const NAMES = { "\x1d": "GS", " ": window.ledgerText("space"), Enter: "Enter", Tab: "Tab" };
  const PAUSE = 1000; // ms after which a new row of keys begins
  let typed = [];
  let last = -Infinity;

  function draw(keys) {
    table.hidden = !keys.length;
    table.tBodies[0].replaceChildren(...keys.map(({ key, gap }) => {
      const row = document.createElement("tr");
      const name = document.createElement("td");
      const code = document.createElement("code");
      code.textContent = NAMES[key] || key;
      name.append(code);
      const pause = document.createElement("td");
      pause.className = "n";
      pause.textContent = Number.isFinite(gap) && gap < 60000 ? `${Math.round(gap)} ms` : "";
      row.append(name, pause);
      return row;
    }));
  }
  function say(kind, sentence) {
    verdict.className = `message ${kind}`;
    verdict.textContent = sentence;
  }

  panel.addEventListener("ledger:scan", (event) => {
    event.preventDefault();
    const { text, keys } = event.detail;
    const slowest = Math.max(...keys.slice(1).map(({ gap }) => gap));
    draw(keys);
    typed = [];
    last = -Infinity;
    say("good", window.ledgerText("scan", { count: [...text].length, slowest, key: keys.at(-1)?.key }));
    window.ledgerScanner.say("good", text);
    htmx.ajax("GET", panel.dataset.reading, { target: "#reading", swap: "outerHTML", values: { code: text } });
  });

  // What is no scan is shown, too: that is when one wants to know why.
  document.addEventListener("keydown", (event) => {
    if (event.target.closest?.("#reading, [data-scanner-settings]") || event.key.length > 1 && !NAMES[event.key]) return;
    const gap = event.timeStamp - last;
    if (gap > PAUSE) typed = [];
    last = event.timeStamp;
    typed.push({ key: event.key, gap: typed.length ? gap : Infinity });
    draw(typed);
    const slowest = Math.round(Math.max(0, ...typed.slice(1).map((each) => each.gap)));
    const { shortest, fastestHand: fastest } = window.ledgerScanner;
    say("warn", typed.length <= shortest
      ? window.ledgerText("short", { shortest })
      : window.ledgerText("by_hand", { slowest, fastest }));
  });

  const box = document.querySelector("[data-scanner-settings]");
  const prefix = document.getElementById("scanner-prefix");
  const sound = document.getElementById("scanner-sound");
  const { settings, keep } = window.ledgerScanner;
  box.hidden = false;
  prefix.value = settings().prefix;
  sound.checked = settings().sound;
  prefix.addEventListener("input", () => keep({ prefix: prefix.value }));
  sound.addEventListener("change", () => keep({ sound: sound.checked }));
})();
