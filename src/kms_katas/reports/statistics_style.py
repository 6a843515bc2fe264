"""How the page of statistics looks: on a wide screen, on a phone, in the dark, printed. Not for what is on it."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --text: #1f2328; --dim: #59636e; --line: #d0d7de; --link: #0757b5;
  --good: #1a7f37; --bad: #b42318; --pass: #1a7f37; --stop: #d4691b; --late: #f0c39f; --idle: #8b949e; --lost: #7d4fc9;
  --track: #e9edf1; --column: #2f6fb5; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --text: #e6edf3; --dim: #a3adb8; --line: #3d444d;
  --link: #79b8ff; --good: #56d364; --bad: #ff8a80; --pass: #3fb950; --stop: #f0883e; --late: #7a4a22; --idle: #8b949e;
  --lost: #b392f0; --track: #2a3038; --column: #6cb0f5; } }
* { box-sizing: border-box; }
body { max-width: 64rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; background: var(--paper);
  color: var(--text); }
h1 { font-size: 1.75rem; margin: 0 0 1rem; } h2 { font-size: 1.3rem; margin: 0 0 .5rem; line-height: 1.25; }
h2.part { margin: 2.5rem 0 .5rem; }
h3 { font-size: 1.1rem; margin: 0; }
section { margin: 2.5rem 0 0; } h2.part ~ section { margin-top: 2rem; } p { margin: .25rem 0; }
h1, h2, h3, p, dd, tbody th, .what, li { overflow-wrap: anywhere; }
a { color: var(--link); } code { font-size: .9em; }
.about, .key, .marks, figcaption, summary { color: var(--dim); font-size: .875rem; }
summary { cursor: pointer; padding: .25rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0; }
.tiles div { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: .75rem;
  border: 1px solid var(--line); border-radius: .5rem; }
.tiles dt { color: var(--dim); font-size: .875rem; } .tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; }
nav { margin: 1rem 0; } nav a { display: inline-block; margin-right: 1rem; padding: .25rem 0; }
.unknown { border: 2px solid var(--lost); border-radius: .5rem; padding: .75rem; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .375rem .75rem .375rem 0; vertical-align: top; font-weight: normal; }
thead th { color: var(--dim); font-size: .875rem; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
svg { display: block; }
.bar { width: 100%; height: .75rem; border-radius: .25rem; }
.bar rect { stroke: var(--paper); stroke-width: 1px; vector-effect: non-scaling-stroke; }
.swatch { display: inline-block; width: .75rem; height: .75rem; border-radius: .125rem; vertical-align: -.05rem; }
.pass { fill: var(--pass); } .stop { fill: var(--stop); } .late { fill: var(--late); } .idle { fill: var(--idle); }
.lost { fill: var(--lost); } .track { fill: var(--track); } .column { fill: var(--column); }
.key span, .marks > span { display: inline-block; margin-right: 1rem; }
.katas { width: 100%; } .katas tbody th { white-space: nowrap; } .katas .drawn { width: 45%; vertical-align: middle; }
figure { margin: 1rem 0; max-width: 28rem; }
.columns { width: 100%; height: auto; overflow: visible; }
.columns text { font-size: 12px; text-anchor: middle; fill: var(--text); } .columns .mark { fill: var(--dim); }
.columns line { stroke: var(--dim); stroke-width: 1; }
.top { padding-left: 1.5rem; } .top li { margin: 0 0 1.25rem; } .stops { font-weight: 600; }
.top .bar { max-width: 28rem; margin: .25rem 0; } .top .track { fill: none; }
blockquote { margin: .25rem 0; padding-left: .75rem; border-left: 3px solid var(--line); color: var(--dim); }
.checks { width: 100%; } .checks td { text-align: right; padding-right: 0; padding-left: 1rem; }
.checks .what { text-align: left; padding-left: 0; white-space: normal; }
.checks thead th:nth-child(n + 2) { text-align: right; padding-right: 0; padding-left: 1rem; white-space: nowrap; }
.checks .bar { margin: .25rem 0; height: .5rem; max-width: 40rem; }
.word { display: none; }
.names { list-style: none; padding: 0; margin: 0; } .names li { display: inline-block; margin: 0 1rem .25rem 0; }
.wide { overflow: auto; max-height: 90vh; border: 1px solid var(--line); border-radius: .5rem; }
.learners th, .learners td { padding: .25rem .5rem; text-align: right; }
.learners th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); min-width: 7rem; }
.learners thead th { position: sticky; top: 0; background: var(--paper); vertical-align: bottom; z-index: 1; }
.learners thead th:first-child { z-index: 2; }
.learners thead th { text-align: center; } .learners thead a { writing-mode: vertical-rl; transform: rotate(180deg); }
.learners td a { color: inherit; padding: .25rem 0; }
.p { color: var(--good); } .f, .e, .t { color: var(--bad); } .i, .n { color: var(--dim); } .u { color: var(--lost); }
.p::before { content: "✓ "; content: "✓ " / "passed "; } .f::before { content: "✗ "; content: "✗ " / "failed "; }
.e::before { content: "! "; content: "! " / "error "; } .t::before { content: "∞ "; content: "∞ " / "timeout "; }
.i::before { content: "○ "; content: "○ " / "not started "; }
.n::before { content: "·"; content: "·" / "not handed in"; }
.u::before { content: "? "; content: "? " / "nothing is known "; }
@media screen { .wide { content-visibility: auto; contain-intrinsic-size: auto 90vh; } }
@media screen and (max-width: 44rem) {
  .katas thead, .checks thead { position: absolute; clip-path: inset(50%); }
  .katas tr, .checks tr { display: block; padding: .5rem 0; }
  .katas td, .checks td { display: inline-block; padding: 0 1rem 0 0; font-size: .875rem; }
  .katas th, .checks .what { display: block; padding: 0; font-size: 1rem; }
  .katas .drawn { display: block; width: 100%; padding: .25rem 0; } .word { display: inline; }
  .learners th:first-child { max-width: 9rem; } .tiles dd { font-size: 1.25rem; }
}
@media print {
  :root { color-scheme: light; --paper: #fff; --text: #000; --dim: #333; --link: #000; --good: #000; --bad: #000;
    --pass: #1a7f37; --stop: #d4691b; --late: #f0c39f; --idle: #8b949e; --lost: #7d4fc9; --track: #e9edf1;
    --column: #2f6fb5; --line: #999; }
  html { font-size: 80%; } body { max-width: none; padding: 0; }
  tr, li, figure, .tiles { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; max-height: none; border: 0; } .learners th { position: static; }
  nav, figure details { display: none; }
  .checks details::details-content { content-visibility: visible; block-size: auto; }
}
""".strip()
