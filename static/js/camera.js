// Reading codes with a phone's camera. Loaded when the button is pressed; a code goes the way of every scan.
const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "itf", "code_128", "code_39", "qr_code", "data_matrix"];
const EVERY = 150; // ms between two looks
const AWAY = 1200; // ms a code must be out of sight before it counts again

export async function read(button) {
  const scanner = window.ledgerScanner;
  if (!window.isSecureContext || !navigator.mediaDevices) {
    scanner.say("bad", window.ledgerText("camera_insecure"));
    return;
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
  } catch {
    scanner.say("bad", window.ledgerText("camera_closed"));
    return;
  }
  const { sheet, video } = show(stream, button);
  const detector = await ownDetector().catch(() => null) || await bundledDetector().catch(() => null);
  if (!detector) {
    sheet.close();
    scanner.say("bad", window.ledgerText("camera_blind"));
    return;
  }
  const seen = new Map();
  while (sheet.isConnected) {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (video.readyState < 2 || !sheet.isConnected) continue;
    let found = [];
    try {
      found = await detector.detect(video);
    } catch { /* no picture at this moment */ }
    const now = performance.now();
    for (const { rawValue } of found) {
      if (rawValue && now - (seen.get(rawValue) ?? -Infinity) > AWAY) {
        navigator.vibrate?.(60);
        scanner.deliver(rawValue);
      }
      seen.set(rawValue, now);
    }
  }
}

// Some browsers have none, and some have one that knows no formats.
async function ownDetector() {
  if (!("BarcodeDetector" in window)) return null;
  const known = await BarcodeDetector.getSupportedFormats();
  const formats = FORMATS.filter((format) => known.includes(format));
  return formats.includes("ean_13") ? new BarcodeDetector({ formats }) : null;
}

async function bundledDetector() {
  const { detector } = await import("./decoder.js");
  return detector();
}

function show(stream, button) {
  const sheet = document.createElement("dialog");
  sheet.className = "camera";
  sheet.setAttribute("aria-label", window.ledgerText("camera"));
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = stream;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = window.ledgerText("close");
  close.addEventListener("click", () => sheet.close());
  sheet.append(video, close);
  const [track] = stream.getVideoTracks();
  if (track.getCapabilities?.().torch) sheet.append(torch(track));
  sheet.addEventListener("close", () => {
    for (const each of stream.getTracks()) each.stop();
    sheet.remove();
    button.focus();
  });
  document.body.append(sheet);
  sheet.show(); // not modal: what came of a scan is said on the page beneath
  video.play();
  return { sheet, video };
}

function torch(track) {
  const light = document.createElement("button");
  light.type = "button";
  light.textContent = window.ledgerText("light");
  light.setAttribute("aria-pressed", "false");
  light.addEventListener("click", async () => {
    const on = light.getAttribute("aria-pressed") !== "true";
    await track.applyConstraints({ advanced: [{ torch: on }] });
    light.setAttribute("aria-pressed", String(on));
  });
  return light;
}
