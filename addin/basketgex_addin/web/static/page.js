// What the status page and the playground share: the way in, and the line that says what is wrong.

import { Sheet } from "/static/sheet.js";

const CLOSED = "This page was opened without its key. Run basketgex web in a terminal, and come here from the workbook.";

export function note(sentence) {
  const notice = document.getElementById("notice");
  notice.textContent = sentence;
  notice.hidden = !sentence;
}

// Returns the way to the host; null where the page has no key, which it says.
export async function enter() {
  const version = document.querySelector("meta[name=version]").content;
  const sheet = new Sheet(version, { changed: () => {}, forget: () => {}, reached: note });
  try {
    if (await sheet.enter()) return sheet;
    note(CLOSED);
  } catch {
    note("The web host does not answer. Run basketgex web in a terminal, then reload this page.");
  }
  return null;
}
