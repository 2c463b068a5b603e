// Paper: a roll is as long as what is printed on it, and a page that is a print prints itself once.
(() => {
  "use strict";
  const body = document.body;
  const roll = /\breceipt-(\d+)\b/.exec(body.className);

  // A page of a roll needs a length: style sheets cannot measure, so the length is put in by the object model.
  function cutToLength() {
    body.classList.add("is-measured"); // with what only paper shows
    const height = document.querySelector(".sheet-of-paper").getBoundingClientRect().height;
    body.classList.remove("is-measured");
    const millimetres = Math.max(30, Math.ceil((height * 25.4) / 96) + 4);
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@layer print { @page ${roll[0]} { size: ${roll[1]}mm ${millimetres}mm; margin: 0; } }`);
    document.adoptedStyleSheets = [sheet];
  }

  function begin() {
    if (roll) cutToLength();
    if (!body.classList.contains("is-print")) return;
    const address = new URL(location.href);
    address.searchParams.delete("print"); // loaded again, it is no print any more
    history.replaceState(history.state, "", address);
    print();
  }
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin);
})();
