"""The look of the page: light or dark as the reader's system is."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --ink: #1f2328; --soft: #5b626b; --rule: #e3e1dc;
  --ours: #b5401f; --other: #8d99a8;
  --c0: #b5401f; --c1: #2f6db3; --c2: #3f8f5b; --c3: #8a5fb5; --c4: #6b7280;
  --c5: #c08a1e; --c6: #1f8f9a; --c7: #c2568b; --c8: #7a6a4f; --c9: #46577a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181b; --card: #1e2125; --ink: #e8e6e3; --soft: #a3a9b1; --rule: #34383e;
    --ours: #f0805a; --other: #6f7a88;
    --c0: #f0805a; --c1: #6ea8e8; --c2: #6cc48c; --c3: #bb95e6; --c4: #9aa3af;
    --c5: #e2b04a; --c6: #55c1cc; --c7: #e88bb9; --c8: #b8a582; --c9: #8fa2cc;
  }
}
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 0 0 12px; }
.facts, .axis { color: var(--soft); margin: 0 0 12px; }
.axis { font-size: 13px; }
section { margin-top: 20px; padding: 20px 24px; }
section { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
svg { display: block; width: 100%; height: auto; margin-bottom: 16px; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg text.ours { font-weight: 600; }
svg text.tick { fill: var(--soft); font-size: 12px; }
.bar.ours { fill: var(--ours); }
.bar.other { fill: var(--other); }
.grid { stroke: var(--rule); }
.series { fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.series.other { stroke-dasharray: 5 4; stroke-width: 1.5; }
.leader { fill: none; stroke: currentColor; stroke-width: 1; opacity: 0.4; }
.dot { fill: currentColor; stroke: var(--card); stroke-width: 2; }
.key { fill: currentColor; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
.c4 { color: var(--c4); } .c5 { color: var(--c5); } .c6 { color: var(--c6); } .c7 { color: var(--c7); }
.c8 { color: var(--c8); } .c9 { color: var(--c9); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: right; border-top: 1px solid var(--rule); }
th, td { white-space: nowrap; font-weight: 400; }
thead th { border-top: 0; color: var(--soft); }
tbody th { text-align: left; }
tr.ours th { font-weight: 600; }
td.best { font-weight: 700; }
table.text td, table.text th { text-align: left; white-space: normal; vertical-align: top; }
ul { margin: 0; padding-left: 20px; }
"""
