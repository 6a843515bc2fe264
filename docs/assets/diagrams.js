// Diagrams without another host: the theme draws with `window.mermaid`, and fetches one from unpkg.com only where there
// is none. This one fetches our copy (mermaid.tiny.js, @mermaid-js/tiny 11.17.2) when a page has its first diagram.
window.mermaid = (() => {
  const copy = new URL("mermaid.tiny.js", document.currentScript.src).href;
  let settings = {}, drawing;

  // The theme names these by ids that mermaid has since put the diagram's own id in front of, so it reaches them no more.
  const reached = `
    [id$="-arrowhead"] path { fill: var(--md-mermaid-sequence-message-line-color); stroke: none }
    line.actor-line { stroke: var(--md-mermaid-sequence-actor-line-color) }`;

  const fetched = () => drawing ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = copy;
    script.onload = () => { window.mermaid.initialize(settings); done(window.mermaid); };
    script.onerror = () => failed(new Error(`${copy} is not there`));
    document.head.append(script);
  });

  return {
    initialize: (given) => { settings = { ...given, themeCSS: `${given.themeCSS ?? ""}${reached}` }; },
    render: async (...diagram) => (await fetched()).render(...diagram),
  };
})();
