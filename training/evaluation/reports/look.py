"""How the page looks: light and dark, wide and narrow."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1c1c; --quiet: #5c5c5c; --line: #d9d9d9; --soft: #f4f4f4;
  --ok: #00684a; --bad: #a63603; --even: #6b5b00; --judge: #5b3f8c; --on: #fff;
  --c0: #0072b2; --c1: #b84a00; --c2: #00785a; --c3: #a1477f; --c4: #8a6000; --c5: #27709e; --c6: #444; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #ececec; --quiet: #a8a8a8; --line: #3a3d42;
  --soft: #212429; --ok: #5fd3a8; --bad: #ff9a6b; --even: #e5cf5c; --judge: #c3a8f5; --on: #111;
  --c0: #6cbcf0; --c1: #ff9a5a; --c2: #4fd0a5; --c3: #eba0cd; --c4: #f0be4a; --c5: #9bd3f5; --c6: #bbb; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .4rem; }
small, .note { color: var(--quiet); font-size: .85rem; }
a { color: inherit; } :focus-visible { outline: 3px solid var(--c0); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); z-index: 2; }
[hidden] { display: none !important; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; }
.chip { display: inline-block; min-width: 1.5em; padding: 0 .35em; border-radius: .3em; text-align: center;
  background: var(--c); color: var(--on); font-size: .85rem; }
.c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
.c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .c6 { --c: var(--c6); }
.verdict { margin: .4rem 0; padding: .5rem .8rem; border-left: .3rem solid; background: var(--soft); }
.verdict.ok, b.ok { border-color: var(--ok); } .verdict.bad, b.bad { border-color: var(--bad); }
.verdict.even { border-color: var(--even); } b.ok { color: var(--ok); } b.bad { color: var(--bad); }
.wide { overflow-x: auto; margin-bottom: .8rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; } thead th { color: var(--quiet); font-weight: 600; } tbody th { font-weight: 500; }
.strip { display: block; width: clamp(8rem, 22vw, 18rem); margin: 0 .5rem; overflow: visible; }
.strip line { stroke: var(--c); stroke-width: 2.5; } .strip .scale { stroke: var(--line); stroke-width: 1; }
.strip circle { fill: var(--c); }
.strip text { fill: var(--on); font: 700 9px system-ui, sans-serif; text-anchor: middle; }
form { display: flex; flex-wrap: wrap; gap: .5rem .9rem; align-items: end; padding: .6rem 0; background: var(--paper);
  border-bottom: 1px solid var(--line); }
label { display: grid; font-size: .85rem; color: var(--quiet); flex: 1 1 9rem; max-width: 18rem; }
select, input, button { font: inherit; color: var(--ink); background: var(--soft); border: 1px solid var(--quiet);
  border-radius: .3rem; padding: .35rem .5rem; min-width: 0; width: 100%; }
button { width: auto; cursor: pointer; } output { flex-basis: 100%; font-weight: 600; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: .8rem 0; content-visibility: auto;
  contain-intrinsic-size: auto 30rem; scroll-margin-top: 8rem; }
article > details > summary { padding: .5rem .8rem; background: var(--soft); cursor: pointer; border-radius: .5rem; }
article em { color: var(--bad); font-style: normal; font-weight: 600; font-size: .85rem; }
.badge { display: inline-block; margin-left: .5rem; font-size: .85rem; font-weight: 600; }
.badge.ok { color: var(--ok); } .badge.bad { color: var(--bad); }
section, .apart { padding: .6rem .8rem; border-top: 1px solid var(--line); }
section > details { font-size: .9rem; color: var(--quiet); margin: .2rem 0 .5rem; }
section summary { cursor: pointer; }
p { margin: .3rem 0; } .asked, .said p, section > details p { white-space: pre-wrap; }
.asked { font-weight: 600; max-width: 60rem; }
.row { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: .6rem; }
.said { padding: .3rem .7rem; border-left: .25rem solid var(--ok); background: var(--soft); margin-bottom: .4rem; }
.said.bad { border-color: var(--bad); } .said.gone { border-color: var(--line); }
.none { color: var(--quiet); font-style: italic; }
ul { margin: .3rem 0; padding-left: 1.2rem; color: var(--bad); font-size: .9rem; }
.judge { border: 1px dashed var(--judge); color: var(--judge); padding: .2rem .7rem; font-size: .9rem; }
@media (min-width: 50rem) and (min-height: 40rem) { form { position: sticky; top: 0; z-index: 1; } }
@media (max-width: 30rem) { body { padding: .6rem; } label { max-width: none; } }
@media print { form, .skip { display: none; } article { content-visibility: visible; break-inside: avoid-page; } }
"""
