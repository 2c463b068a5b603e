// A scanner types like a keyboard, only faster than any hand. Wherever the focus is, what it sends goes to the page's
// target; a text box that it typed into gets its content back; without a target the page of the code is opened.
(() => {
  "use strict";
  const FASTEST_HAND = 35; // ms between two keys
  const STUMBLE = 100; // ms; a scanner may hesitate now and then, once its rhythm is clear or where no box is typed into
  const ONE_BREATH = 400; // what came this shortly before in the target's own box belongs to what follows
  const SHORTEST = 4; // characters
  const SETTINGS = "ledger.scanner"; // of this device, because the scanner is
  const TEXT_BOX = "input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=file], [type=range], [type=color]), textarea, select";

  // Settings ---------------------------------------------------------------------------------------------------------

  const settings = { prefix: "", sound: true };
  try {
    Object.assign(settings, JSON.parse(localStorage.getItem(SETTINGS) || "{}"));
  } catch { /* a private window, or somebody else's text */ }
  function keep(changed) {
    Object.assign(settings, changed);
    try {
      localStorage.setItem(SETTINGS, JSON.stringify(settings));
    } catch { /* for this page only, then */ }
  }

  // The keys that came without a pause -------------------------------------------------------------------------------

  let keys = []; // [{ key, gap }]
  let last = -Infinity;
  let pause = Infinity; // before the first of them
  let boxes = new Map(); // each box that was typed into, with what it held before

  function begin() {
    keys = [];
    boxes = new Map();
  }
  function sign(event) {
    if (event.ctrlKey && !event.altKey && (event.key === "]" || event.code === "BracketRight")) return "\x1d"; // GS
    if (event.key === "\x1d" || event.key === "GroupSeparator") return "\x1d";
    const isCommand = (event.ctrlKey || event.altKey || event.metaKey) && !event.getModifierState("AltGraph");
    return !isCommand && [...event.key].length === 1 ? event.key : "";
  }
  function remember(element) {
    const box = element instanceof Element && element.closest(TEXT_BOX);
    if (!box || boxes.has(box)) return;
    const isSelect = box.tagName === "SELECT";
    let caret = null;
    try {
      caret = isSelect ? null : [box.selectionStart, box.selectionEnd];
    } catch { /* a kind of box without a caret */ }
    boxes.set(box, { value: box.value, caret });
  }
  function restore(box, held) {
    if (box.value !== held.value) box.value = held.value;
    if (held.caret && held.caret[0] !== null && document.activeElement === box) box.setSelectionRange(...held.caret);
  }
  function restoreAll() {
    boxes.forEach((held, box) => restore(box, held));
  }

  addEventListener("keydown", (event) => {
    if (event.isComposing || ["Shift", "Control", "Alt", "AltGraph", "CapsLock", "NumLock"].includes(event.key)) return;
    const gap = event.timeStamp - last;
    const isInBox = event.target instanceof Element && event.target.closest(TEXT_BOX);
    const isFast = gap < (isInBox && keys.length < SHORTEST ? FASTEST_HAND : STUMBLE) && !event.repeat;
    if ((event.key === "Enter" || event.key === "Tab") && isFast && !event.shiftKey) {
      finish(event, gap);
      return;
    }
    const character = sign(event);
    if (!isFast || !character) begin();
    if (!character || event.repeat) return;
    if (!keys.length) pause = gap;
    last = event.timeStamp;
    remember(event.target);
    keys.push({ key: character, gap: Math.round(gap) });
    // Outside of a box a key is a command: the second of a fast row is not meant as one, nor is Ctrl+] anywhere.
    if (character === "\x1d" || (keys.length > 1 && !isInBox)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  function finish(event, gap) {
    const read = keys.map(({ key }) => key).join("");
    const heard = [...keys, { key: event.key, gap: Math.round(gap) }];
    const isMarked = !settings.prefix || read.startsWith(settings.prefix);
    const stumbles = heard.slice(1).filter((each) => each.gap >= FASTEST_HAND).length;
    const isRhythm = keys.length >= SHORTEST && stumbles * 4 <= heard.length;
    const isScan = isRhythm && isMarked && !isRestOfLine(event.target);
    last = -Infinity;
    if (!isScan) {
      begin();
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    deliver(read.slice(settings.prefix.length), heard, event.target);
    begin();
  }

  // In the target's own box a row of keys that stumbled is one text: Enter sends all of it.
  function isRestOfLine(element) {
    const target = targetFor(element);
    const held = target && element === boxOf(target) && boxes.get(element);
    return Boolean(held && held.value && pause < ONE_BREATH && !held.value.trim().endsWith("*"));
  }

  // A box that the answer to an earlier scan takes away in the middle of this one is left as it was: the browser
  // would take the digits in it for a change that somebody made.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (keys.length < 2 || performance.now() - last > 10 * FASTEST_HAND) return;
    boxes.forEach((held, box) => event.detail.target.contains(box) && restore(box, held));
  });

  // Where it goes ----------------------------------------------------------------------------------------------------

  function visible(element) {
    return element.getClientRects().length > 0;
  }
  function targetFor(element) {
    const here = element instanceof Element && element.closest("[data-scan-target]");
    return here || [...document.querySelectorAll("[data-scan-target]:not([data-scan-target=here])")].find(visible) || null;
  }
  function boxOf(target) {
    return target.matches(TEXT_BOX) ? target : target.querySelector("[data-scan-box]");
  }

  function deliver(code, heard, from) {
    const target = targetFor(from);
    const box = target && boxOf(target);
    const before = (box && boxes.get(box)) || null;
    restoreAll();
    // "12*" typed by hand before the scan belongs to it.
    const quantity = box && (before ? before.value : box.value).match(/^\s*[^\s*]{1,12}\*\s*$/);
    const text = quantity && !code.includes("*") ? quantity[0].trim() + code : code;
    if (quantity) box.value = "";
    if (!target) open(code);
    else {
      const scan = new CustomEvent("ledger:scan", { bubbles: true, cancelable: true, detail: { text, keys: heard } });
      if (target.dispatchEvent(scan)) fill(target, box, code);
    }
  }

  // "here" in data-scan-target: only while the focus is in it. A target without a script of its own is a box: the code is put into it, and sent if the box says so.
  function fill(target, box, code) {
    if (!box || box.disabled || box.readOnly) return;
    if (box.tagName === "TEXTAREA") box.value = [box.value.trimEnd(), code].filter(Boolean).join("\n") + "\n";
    else box.value = code;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.dispatchEvent(new Event("change", { bubbles: true }));
    box.focus({ preventScroll: true });
    say("good", code);
    if (target.dataset.scanTarget === "submit" && box.form) box.form.requestSubmit();
  }

  function open(code) {
    const page = document.body.dataset.scanPage;
    if (!page) return;
    const address = `${page}?code=${encodeURIComponent(code)}`;
    if (!isFilledIn()) {
      location.assign(address);
      return;
    }
    // What is typed on this page is worth more than the scan.
    const link = document.createElement("a");
    link.href = address;
    link.textContent = window.ledgerText("open");
    say("bad", `${window.ledgerText("scanned", { code })} `, link);
  }

  function isFilledIn() {
    const isChanged = (box) => (box.tagName === "SELECT"
      ? [...box.options].some((option) => option.selected !== option.defaultSelected && box.value !== box.options[0]?.value)
      : box.type === "checkbox" || box.type === "radio" ? box.checked !== box.defaultChecked : box.value !== box.defaultValue);
    return [...document.querySelectorAll("form[method=post] :is(input, select, textarea)")]
      .some((box) => box.type !== "hidden" && isChanged(box));
  }

  // What came of it: text, colour and sound --------------------------------------------------------------------------

  let audio = null;
  function beep(kind) {
    if (!settings.sound || !window.AudioContext) return;
    audio ||= new AudioContext();
    audio.resume();
    const tones = kind === "good" ? [[1320, 0, 0.07]] : [[220, 0, 0.16], [196, 0.2, 0.24]];
    for (const [pitch, start, length] of tones) {
      const tone = audio.createOscillator();
      const loudness = audio.createGain();
      const at = audio.currentTime + start;
      tone.type = kind === "good" ? "sine" : "square";
      tone.frequency.value = pitch;
      loudness.gain.setValueAtTime(0.12, at);
      loudness.gain.exponentialRampToValueAtTime(0.001, at + length);
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + length);
    }
  }

  let fading = 0;
  function say(kind, sentence, link) {
    beep(kind);
    const said = document.getElementById("scan-said");
    if (!said) return;
    clearTimeout(fading);
    said.className = kind;
    said.textContent = sentence;
    if (link) said.append(link);
    fading = setTimeout(() => said.replaceChildren(), link ? 15000 : kind === "good" ? 2500 : 6000);
  }
  document.addEventListener("ledger:scanned", (event) => {
    const { kind, sentence } = event.detail;
    if (sentence) say(kind === "good" ? "good" : "bad", sentence);
  });

  // The camera of a phone -----------------------------------------------------------------------------------------------

  function offerCamera() {
    if (!matchMedia("(pointer: coarse)").matches) return;
    for (const button of document.querySelectorAll("[data-camera]")) button.hidden = false;
  }
  document.addEventListener("htmx:afterSettle", offerCamera);
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-camera]");
    if (!button) return;
    const { read } = await import(button.dataset.camera);
    read(button);
  });
  offerCamera();

  window.ledgerScanner = Object.freeze({
    settings: () => ({ ...settings }),
    keep,
    say,
    deliver: (code) => deliver(code, [], document.activeElement),
    fastestHand: FASTEST_HAND,
    shortest: SHORTEST,
  });
})();
