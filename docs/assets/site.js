// What a screen reader needs and the theme leaves out. Nothing on a page waits for this.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");

// The buttons of each code block come in a <nav> of their own. A page has one way to navigate, and these are none.
const plain = () => document.querySelectorAll(".md-code__nav:not([role])").forEach(buttons => buttons.setAttribute("role", "none"));
new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
plain();

// The empty corner of a table is the head of nothing.
for (const corner of document.querySelectorAll("th:empty")) corner.replaceWith(document.createElement("td"));
