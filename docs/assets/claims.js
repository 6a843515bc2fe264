// The filter of the page of claims: native controls, made visible here, so that without scripts the page is whole. What
// is chosen stands in the address after #, as in #topic=rotation&verdict=wrong; an address such as #a10 shows all.
(() => {
  const start = () => {
    const form = document.getElementById("claim-filter");
    if (!form || !form.hidden) return;
    const claims = [...document.querySelectorAll(".claim")];
    const said = form.querySelector("[role=status]");
    const chosen = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));

    const fits = (claim, { text, topic, verdict, shown, words = "" }) =>
      (!text || claim.dataset.text === text) &&
      (!topic || claim.dataset.topics.split(" ").includes(topic)) &&
      (!verdict || claim.dataset.verdict === verdict) &&
      (!shown || "shown" in claim.dataset) &&
      words.toLowerCase().split(/\s+/).every((word) => claim.textContent.toLowerCase().includes(word));

    const show = () => {
      const wanted = Object.fromEntries(chosen());
      for (const claim of claims) claim.hidden = !fits(claim, wanted);
      for (const head of document.querySelectorAll("[data-claims-of]")) {
        head.hidden = !claims.some((claim) => !claim.hidden && claim.dataset.text === head.dataset.claimsOf);
      }
      const count = claims.filter((claim) => !claim.hidden).length;
      said.textContent = `${count} of ${claims.length} claims`;
    };

    const choose = () => {
      show();
      const state = chosen().toString();
      history.replaceState(history.state, "", state ? `#${state}` : location.pathname + location.search);
    };

    const read = () => {
      const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      for (const { name, type } of form.elements) {
        if (type === "checkbox") form.elements[name].checked = state.has(name);
        else if (name) form.elements[name].value = state.get(name) ?? "";
      }
      show();
      if (location.hash && !location.hash.includes("=")) document.getElementById(location.hash.slice(1))?.scrollIntoView();
    };

    form.addEventListener("input", choose);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(choose));
    addEventListener("hashchange", read);
    form.hidden = false;
    read();
  };
  if (window.document$) window.document$.subscribe(start);
  else document.addEventListener("DOMContentLoaded", start);
})();
