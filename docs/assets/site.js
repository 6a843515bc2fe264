// What a screen reader needs and the theme leaves out. Nothing on a page waits for this.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

// The buttons of each code block come in a <nav> of their own. A page has one way to navigate, and these are none.
const plain = () => document.querySelectorAll(".md-code__nav:not([role])").forEach(buttons => buttons.setAttribute("role", "none"));
new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
plain();

// A long name in a table is broken between its words where it has no room: kms:GrantIsFor|AWSResource. A short one never.
const LONG = /[\w:.]{20,}/, WORDS = /(?<=[a-z])(?=[A-Z])|(?<=\w:)(?=\w)|(?<=\w)(?=\.\w)/;
for (const cell of document.querySelectorAll("article td")) {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
  while (texts.nextNode()) if (LONG.test(texts.currentNode.data)) found.push(texts.currentNode);
  for (const text of found) {
    const parts = text.data.split(/(\s)/).flatMap((word) => LONG.test(word) ? word.split(WORDS).flatMap((part, at) =>
      at ? [document.createElement("wbr"), part] : [part]) : [word]);
    text.replaceWith(...parts);
  }
}

// The empty corner of a table is the head of nothing.
for (const corner of document.querySelectorAll("th:empty")) corner.replaceWith(document.createElement("td"));
