/** The style sheet of the page of links. In the page itself, allowed by its hash: no other file, no other host. */
export const styleSheet = `
:root { color-scheme: light dark; --ink: #1c2328; --soft: #5b666e; --line: #dde2e6; --paper: #fff; --link: #0b63a5; --good: #14713d; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e8eb; --soft: #9aa6ae; --line: #333c43; --paper: #15191c; --link: #7cc0f5; --good: #6fd39a; --bad: #ff8f85; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
header p { margin: 0; color: var(--soft); overflow-wrap: anywhere; }
a { color: var(--link); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th { font-weight: 600; }
thead th { color: var(--soft); font-size: .85rem; }
th:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
td:nth-child(2) { color: var(--soft); }
.aside { margin-left: .5rem; font-size: .85rem; font-weight: 400; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.none { color: var(--soft); }
@media (max-width: 44rem) { th:nth-child(2), td:nth-child(2) { display: none; } .aside { display: block; margin: 0; } }
.links { margin: 0; padding: 0; list-style: none; }
.links li { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .35rem 0; border-bottom: 1px solid var(--line); }
.links a { min-width: 7rem; }
.links span { color: var(--soft); }
`;
