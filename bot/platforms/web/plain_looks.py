"""How plain pages look: as the chat does, with forms, tables and pictures."""

PLAIN = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font-family: var(--font); line-height: 1.55; }
header.frame, main.frame { max-width: 60rem; }
header.frame .who { font-size: 1.05rem; font-weight: 600; color: var(--ink); }
main { padding-bottom: 4rem !important; }
main h1 { margin: .9rem 0 1rem; font-size: 1.5rem; line-height: 1.25; }
main h2 { margin: 1.9rem 0 .7rem; font-size: 1.05rem; }
main p { margin: .6rem 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: .15em; }
.note, .row p { margin: 0; font-size: .85rem; color: var(--soft); }
main .trail { margin: -.4rem 0 .9rem; font-size: .9rem; }

button {
  font: inherit; font-size: .95rem; padding: .5rem 1.05rem; border-radius: 999px; cursor: pointer;
  color: var(--ink); background: var(--card); border: 1px solid var(--line);
}
button:hover { border-color: var(--accent); background: var(--tint); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
button.primary:hover { filter: brightness(1.08); }
button.danger { color: var(--danger); border-color: currentColor; }
:root { --danger: #b42318; }
@media (prefers-color-scheme: dark) { :root { --danger: #ff9b8f; } }
:is(input, select):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.presses { display: flex; flex-wrap: wrap; gap: .6rem; margin: 1.2rem 0; }

.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .75rem; }
.card {
  display: flex; flex-direction: column; padding: .8rem 1rem; text-align: start; text-decoration: none; height: 100%;
  width: 100%; background: var(--card); border: 1px solid var(--line); border-radius: .9rem; color: var(--ink);
}
.card:hover { border-color: var(--accent); background: var(--tint); }
.card b { font-size: 1rem; color: var(--accent); }
.card span { font-size: .875rem; line-height: 1.4; color: var(--soft); }

form.filled { max-width: 36rem; }
.row { display: grid; gap: .15rem; margin: 1.15rem 0; }
.row label { font-weight: 600; }
.row label span { color: var(--danger); }
.row :is(input, select, textarea) {
  width: 100%; margin-top: .3rem; padding: .6rem .8rem; font: inherit; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem;
}
.row :is(input, select) { min-height: 2.9rem; }
.row textarea { line-height: 1.5; resize: vertical; }
form.filled > button { margin-top: 1.2rem; padding-inline: 1.6rem; }
input::file-selector-button {
  margin-right: .8rem; padding: .25rem .8rem; font: inherit; font-size: .9rem; color: var(--ink);
  background: var(--paper); border: 1px solid var(--line); border-radius: 999px; cursor: pointer;
}

.reply { padding: .35rem 1.1rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem; }
.reply + .reply { margin-top: .75rem; }
.reply :is(pre, .wide) { overflow-x: auto; }
.reply pre {
  margin: .7rem 0; padding: .7rem .9rem; font-size: .85rem; line-height: 1.5; border-radius: .6rem;
  background: var(--paper); border: 1px solid var(--line);
}
.reply code { font-family: ui-monospace, Consolas, "Liberation Mono", monospace; }
.reply :not(pre) > code {
  padding: .05rem .3rem; font-size: .9em; background: var(--paper); border: 1px solid var(--line); border-radius: .3rem;
}
.reply table { border-collapse: collapse; margin: .7rem 0; font-size: .9rem; font-variant-numeric: tabular-nums; }
.reply :is(th, td) { padding: .35rem .8rem; text-align: start; border-bottom: 1px solid var(--line); }
.reply .right { text-align: right; }
.reply .center { text-align: center; }
.reply :is(ul, ol) { padding-left: 1.4rem; }
.reply :is(h1, h2, h3) { margin: 1rem 0 .4rem; font-size: 1.05rem; }
.reply blockquote { margin: .7rem 0; padding: .05rem .9rem; border-left: 3px solid var(--line); color: var(--soft); }
.pictures img {
  display: block; width: 100%; max-width: 44rem; height: auto; margin: 1rem 0; border: 1px solid var(--line);
  border-radius: .9rem; background: #fff;
}
.wrong { padding: .6rem .9rem; border: 1px solid var(--danger); border-radius: .7rem; color: var(--danger); }
.said {
  margin: .8rem 0; padding: .5rem 1rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--card);
}
.said p { margin: .25rem 0; }
.said .asked { font-weight: 600; }

.trying .row { margin: .6rem 0 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(19rem, 100%), 1fr)); gap: .75rem; }
.pair > * { min-width: 0; }
.pair .reply + .reply { margin-top: 0; }
.dials {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem .75rem; align-items: end;
  margin: .4rem 0 0; padding: .5rem 1rem .9rem; border: 1px solid var(--line); border-radius: 1rem;
}
.dials legend { padding: 0 .4rem; font-weight: 600; }
.dials label { font-size: .85rem; color: var(--soft); }
.dials input[type="number"], .compose textarea {
  width: 100%; padding: .45rem .7rem; font: inherit; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: .7rem;
}
.dials .tick { grid-column: 1 / -1; display: flex; gap: .5rem; align-items: center; color: var(--ink); }
.tick input { flex: none; width: 1.1rem; height: 1.1rem; margin: 0; accent-color: var(--accent); }
.round { margin: 1.6rem 0 0; scroll-margin-top: .5rem; }
.round .asked {
  width: fit-content; max-width: min(38rem, 88%); margin: 0 0 .2rem auto; padding: .5rem .95rem; white-space: pre-wrap;
  border-radius: 1.1rem; border-bottom-right-radius: .3rem; background: var(--tint);
}
.round > .note { text-align: right; margin: 0 .2rem .6rem; }
.round .reply { display: flex; flex-direction: column; padding: .7rem 1.1rem; }
.round .reply h3 { margin: 0 0 .2rem; font-size: .85rem; color: var(--accent); overflow-wrap: anywhere; }
.round .figures { margin-top: auto; padding-top: .6rem; }
.round .wrong, .round .wrong h3 { border-color: var(--danger); color: var(--danger); }
.thinking { animation: thinking 1.4s ease-in-out infinite; }
@keyframes thinking { 50% { opacity: .25; } }
@media (prefers-reduced-motion: reduce) { .thinking { animation: none; } }
.compose {
  position: sticky; bottom: 0; display: flex; gap: .6rem; align-items: end; margin-top: 1.4rem; padding: .8rem 0;
  background: var(--paper);
}
.compose textarea { flex: 1; min-width: 0; line-height: 1.5; resize: vertical; }
.compose div { display: flex; flex-wrap: wrap; gap: .5rem; }
@media (max-width: 480px) {
  .dials { grid-template-columns: 1fr 1fr; }
  .compose { flex-direction: column; align-items: stretch; gap: .5rem; }
  .compose div { justify-content: space-between; }
  .cards { grid-template-columns: 1fr; gap: .55rem; }
  main h1 { font-size: 1.3rem; }
}
"""
