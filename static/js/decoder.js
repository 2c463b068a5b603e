// Reading codes where the browser itself cannot: the same question as to its BarcodeDetector, answered by ZXing, which is
// loaded (336 kB) only then.
const LIBRARY = new URL("../vendor/zxing-library-0.21.3.min.js", import.meta.url);
const WIDEST = 1024; // pixels looked at; more takes longer and finds no more

export async function detector() {
  await load(LIBRARY);
  const { BarcodeFormat, BinaryBitmap, DecodeHintType, HTMLCanvasElementLuminanceSource, HybridBinarizer, MultiFormatReader } = ZXing;
  const formats = ["EAN_13", "EAN_8", "UPC_A", "UPC_E", "ITF", "CODE_128", "CODE_39", "QR_CODE", "DATA_MATRIX"];
  const reader = new MultiFormatReader();
  reader.setHints(new Map([
    [DecodeHintType.POSSIBLE_FORMATS, formats.map((format) => BarcodeFormat[format])],
    [DecodeHintType.ASSUME_GS1, true], // keeps what separates the elements of a GS1-128
    [DecodeHintType.TRY_HARDER, true],
  ]));
  const canvas = document.createElement("canvas");
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  return {
    detect(video) {
      const scale = Math.min(1, WIDEST / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * scale);
      canvas.height = Math.round(video.videoHeight * scale);
      brush.drawImage(video, 0, 0, canvas.width, canvas.height);
      try {
        const picture = new BinaryBitmap(new HybridBinarizer(new HTMLCanvasElementLuminanceSource(canvas)));
        return [{ rawValue: reader.decodeWithState(picture).getText() }];
      } catch {
        return []; // no code in the picture
      }
    },
  };
}

function load(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", resolve);
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}
