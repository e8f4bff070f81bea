"""How the page looks: calm, in the reader's own system font, by day and by night."""

from gradio.themes import Base

SYSTEM_FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Liberation Sans", "sans-serif")
SYSTEM_MONOSPACE = ("ui-monospace", "Consolas", "Liberation Mono", "monospace")

THEME = Base(
    primary_hue="teal",
    neutral_hue="stone",
    font=list(SYSTEM_FONT),
    font_mono=list(SYSTEM_MONOSPACE),
)

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<path fill="#0f766e" d="M6 4h20a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H15l-8 6v-6H6a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4z"/>
<g fill="#fff"><circle cx="10" cy="14" r="2"/><circle cx="16" cy="14" r="2"/><circle cx="22" cy="14" r="2"/></g>
</svg>"""

# What every page has: its colours, its header and its footer.
FRAME = """
:root {
  color-scheme: light dark;
  --paper: #faf9f7; --card: #ffffff; --ink: #292524; --soft: #6b6560; --line: #e4e0da;
  --accent: #0f766e; --on-accent: #ffffff; --tint: #dff3ef;
  --font: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #161514; --card: #211f1d; --ink: #ece8e3; --soft: #a39c94; --line: #37332f;
    --accent: #2dd4bf; --on-accent: #06231f; --tint: #12403a;
  }
}
.frame { flex: none; width: 100%; max-width: 48rem; margin: 0 auto; padding: 0 1rem; box-sizing: border-box; }

header.frame { display: flex; align-items: center; gap: .75rem; padding-block: .9rem; }
.mark {
  display: grid; place-items: center; flex: none; width: 2.5rem; height: 2.5rem; border-radius: 50%;
  background: var(--accent); color: var(--on-accent); font-size: 1.15rem; font-weight: 600;
}
header.frame div { flex: 1; min-width: 0; }
header.frame h1 { margin: 0; font-size: 1.05rem; line-height: 1.3; font-weight: 600; }
header.frame p { margin: 0; font-size: .85rem; line-height: 1.3; color: var(--soft); }
header.frame button {
  font: inherit; font-size: .875rem; padding: .5rem .9rem; border-radius: 999px; cursor: pointer;
  color: var(--ink); background: var(--card); border: 1px solid var(--line);
}
header.frame button:hover, #chat .example:hover { border-color: var(--accent); background: var(--tint); }
nav.tabs { display: flex; gap: 1.25rem; padding-bottom: .1rem; }
nav.tabs a {
  padding: .3rem .1rem; font-size: .9rem; color: var(--soft); text-decoration: none;
  border-bottom: 2px solid transparent;
}
nav.tabs a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
.ways { display: flex; flex-wrap: wrap; justify-content: center; gap: .1rem 1rem; margin: 0 0 .35rem; }
.ways button {
  font: inherit; font-size: .8rem; line-height: 1.6; padding: .2rem 0; border: 0; background: none; cursor: pointer;
  color: var(--soft); text-decoration: underline; text-underline-offset: .2em;
}
.ways button:hover { color: var(--accent); }
@media (max-width: 480px) {
  header.frame:has(nav) { flex-wrap: wrap; row-gap: .4rem; padding-block: .7rem; }
  nav.tabs { order: 3; width: 100%; }
}
footer.frame { padding-block: .6rem .9rem; }
footer.frame p {
  margin: 0; text-align: center; text-wrap: balance; font-size: .8rem; line-height: 1.45; color: var(--soft);
}
:is(button, textarea, a):focus-visible { outline: 3px solid var(--accent) !important; outline-offset: 2px; }

"""

# Gradio's own classes are named where a part has no id; the page's tests notice when one is renamed.
CHAT = """
html, body { height: 100%; overflow: hidden; }
body { background: var(--paper) !important; color: var(--ink); font-family: var(--font); height: 100dvh !important; }
gradio-app { flex: 1 1 0 !important; min-height: 0; background: none !important; }
.gradio-container, .gradio-container .main, .gradio-container .wrap:has(> main), .gradio-container main,
.gradio-container main > .column { display: flex; flex-direction: column; flex: 1 1 0; min-height: 0 !important; }
.gradio-container { background: none !important; font-family: var(--font) !important; color: var(--ink); }
.gradio-container .main { width: 100%; max-width: 48rem !important; margin: 0 auto; padding: 0 1rem !important; }
.gradio-container main > .column { gap: .75rem; }

#chat { flex: 1 1 0 !important; min-height: 0; background: none; border: 0 !important; overflow: hidden !important; }
#chat .wrapper { min-height: 0; background: none; }
#chat .top-panel { display: none; }
#chat .bubble-wrap {
  background: none; padding: 0; height: 100%; scrollbar-width: thin;
  mask-image: linear-gradient(transparent, #000 1rem, #000 calc(100% - 1rem), transparent);
}
#chat .message-wrap { padding: 1rem 0; gap: .35rem; }
#chat .message-row { margin: .35rem 0 0; width: 100%; max-width: 100%; }
#chat .message-row .flex-wrap { width: fit-content; max-width: min(38rem, 88%); }
#chat .user-row .flex-wrap { margin-left: auto; }
#chat .message {
  border: 1px solid var(--line); border-radius: 1.1rem; padding: .65rem .95rem; box-shadow: none;
  background: var(--card); color: var(--ink); font-size: 1rem; line-height: 1.55;
}
#chat .message .message { border: 0; padding: 0; background: none; }
#chat .bot.message { border-bottom-left-radius: .3rem; }
#chat .user.message { border-color: transparent; border-bottom-right-radius: .3rem; background: var(--tint); }
#chat .message :is(p, li, h1, h2, h3, td) { color: inherit; unicode-bidi: plaintext; text-align: start; }
#chat .message :is(p, li) { font-size: 1rem; line-height: 1.55; overflow-wrap: anywhere; }
#chat .message .prose { opacity: 1; color: inherit; }
#chat .message a { color: var(--accent); text-decoration: underline; }
#chat .message code { background: var(--paper); border: 1px solid var(--line); border-radius: .3rem; color: inherit; }
#chat .message pre { background: var(--paper); border-radius: .5rem; }
#chat .message pre code { background: none; border: 0; }
#chat .message-buttons { margin: .1rem 0 .4rem; padding: 0; }
#chat .message-buttons :is(.icon-button-wrapper, .icon-button) { background: none; border: 0; box-shadow: none; }
#chat .message-buttons .icon-button-wrapper { margin: 0; padding: 0; gap: .25rem; }
#chat .message-buttons .icon-button::after, #chat .message-buttons .icon-button::before { display: none; }
#chat .message-buttons .small { width: 1.1rem; height: 1.1rem; }
#chat .message-buttons .icon-button { min-width: 2rem; min-height: 2rem; justify-content: center; }

#chat [data-testid="bot"][aria-label$="message: …"] p { animation: thinking 1.4s ease-in-out infinite; }
#chat .bot-row:has([aria-label$="message: …"]) + .message-buttons { visibility: hidden; }
@keyframes thinking { 50% { opacity: .25; } }
@media (prefers-reduced-motion: reduce) { #chat * { animation: none !important; scroll-behavior: auto !important; } }

#chat .placeholder-content {
  display: flex; flex-direction: column; justify-content: center; gap: 1.5rem; padding: 1rem 0;
}
#chat .placeholder-content > * { height: auto; flex: none; margin: 0; }
#chat .greeting {
  max-width: 34rem; margin: 0 auto; text-align: center; text-wrap: balance;
  color: var(--ink); font-size: 1.3rem; line-height: 1.5;
}
#chat .examples {
  display: flex; flex-wrap: wrap; justify-content: center; gap: .6rem; padding: 0; width: 100%; max-width: none;
}
#chat .example {
  width: auto; min-width: 0; padding: .6rem 1.05rem; border-radius: 999px; cursor: pointer;
  box-shadow: none; transform: none;
  background: var(--card); border: 1px solid var(--line); color: var(--ink);
}
#chat .example-text { font-size: .95rem; color: inherit; }

#box { flex: none; background: none; border: 0 !important; overflow: visible !important; padding: 0; }
#box .input-container {
  display: flex; align-items: flex-end; gap: .5rem; padding: .4rem .4rem .4rem 1.1rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 1.6rem;
}
#box .input-container:focus-within { border-color: var(--accent); box-shadow: 0 0 0 3px var(--tint); }
#box textarea {
  flex: 1; min-width: 0; padding: .45rem 0; border: 0; background: none; box-shadow: none; outline: 0 !important;
  color: var(--ink); font-size: 1rem; line-height: 1.5; unicode-bidi: plaintext; text-align: start;
}
#box textarea::placeholder { color: var(--soft); opacity: 1; }
#box .submit-button {
  position: static; flex: none; width: auto; height: auto; padding: .55rem 1.15rem; border: 0; border-radius: 999px;
  background: var(--accent); color: var(--on-accent); font-size: .95rem; font-weight: 600; cursor: pointer;
}
@media (max-width: 480px) {
  #chat .message-row .flex-wrap { max-width: 94%; }
  #chat .greeting { font-size: 1.15rem; }
}
"""
