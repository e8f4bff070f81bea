"""How the page looks on which admins talk to models: its form, what was said, and what keeps it up to date."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from bot.admin.choosing import Offered, talk
from bot.admin.replies import Choice
from bot.platforms.web.bench import Bench, Column, Round
from bot.platforms.web.forms import hidden
from bot.platforms.web.markdown import as_html
from bot.platforms.web.receiving import ACT, SECRET

# What each setting is called, and the steps in which browsers count it up and down.
DIALS = {
    "temperature": ("Temperature, 0 to 2", "0.05"),
    "top-k": ("Top-k, 0: off", "1"),
    "top-p": ("Top-p, 1: off", "0.01"),
    "repetition-penalty": ("Repetition penalty, 1: off", "0.05"),
    "longest": ("Longest answer, tokens", "1"),
}
ABOUT = (
    "What is said here is kept nowhere, counts nowhere and reaches no customer: it ends with your session."
    " A setting that is left empty is left to the model and its server."
    " Without the guard a model hears every message; links and mentions are taken out of its answers in any case."
)
# Seconds below which nobody asks how fast it was.
AT_ONCE = 0.05
# Sends at Enter, as chats do, and shows an answer as it grows.
TALK = """
const box = document.querySelector("textarea");
// Later than the jump to the newest answers, which takes the focus away.
addEventListener("load", () => box.focus({ preventScroll: true }));
box.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (box.value.trim()) box.form.requestSubmit();
});
const look = async () => {
  const now = document.querySelector("[data-live]");
  if (!now || now.dataset.over) return;
  let pause = 50;
  try {
    const answer = await fetch(`/admin/try/newest?seen=${now.dataset.live}`);
    if (answer.redirected) return location.reload();
    if (!answer.ok) throw answer.status;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const then = fresh.querySelector("[data-live]");
    if (then?.dataset.round !== now.dataset.round) return location.reload();
    now.replaceWith(then);
  } catch { pause = 2000; /* The server is away: it is asked again. */ }
  setTimeout(look, pause);
};
look();
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What can be chosen, what was chosen last ({} at first), and the secret that vouches for the form."""

    offered: Offered
    values: Mapping[str, str]
    secret: str

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.values.get(name, "") if self.values else self.offered.usual.get(name, "")


def form(filled: Filled, said: str, troubles: str) -> str:
    """Return the whole page below its title: who is asked and how, what was said, and the next message."""
    dials = "".join(_dial(filled, name) for name in DIALS)
    act = {SECRET: filled.secret, ACT: secrets.token_urlsafe(12)}
    return f"""<form class="trying" method="post" action="/admin/try">{hidden(act)}
<p class="trail"><a href="/admin">← All commands</a></p><p class="note">{ABOUT}</p>
<div class="pair">{_chooser(filled, "left", "Model")}{_chooser(filled, "right", "Beside it")}</div>
<fieldset class="dials"><legend>Settings</legend>{dials}{_guard(filled)}</fieldset>
{said}{troubles}
<div class="compose"><textarea name="message" rows="2" required aria-label="Your message to the models"
 placeholder="Say something to the models">\n{escape(filled.values.get("message", ""))}</textarea>
<div><button class="primary" type="submit">Send</button>
<button type="submit" formaction="/admin/try/anew" formnovalidate>Begin anew</button></div></div>
</form>"""


def older(bench: Bench) -> str:
    """Return every round but the newest."""
    return "".join(f'<section class="round">{_inside(one)}</section>' for one in list(bench.rounds)[:-1])


def newest(bench: Bench) -> str:
    """Return the newest round, which may still grow; "" where there is none."""
    if not bench.rounds:
        return ""
    one, over = bench.rounds[-1], "" if bench.is_busy else ' data-over="yes"'
    return (
        f'<section class="round" id="newest" data-live="{bench.bell.rings}" data-round="{one.number}"{over}'
        f' aria-live="polite" aria-busy="{"true" if bench.is_busy else "false"}">{_inside(one)}</section>'
    )


def _inside(one: Round) -> str:
    columns = "".join(map(_column, one.columns))
    return (
        f'<p class="asked">{escape(one.wanted.message)}</p><p class="note">{escape(one.wanted.chosen)}</p>'
        f'<div class="pair">{columns}</div>'
    )


def _column(column: Column) -> str:
    end = column.end
    kind = "reply" if not end or end.past else "reply wrong"
    text = as_html(column.text) if column.text else '<p class="thinking">…</p>'
    return (
        f'<article class="{kind}"><h3>{escape(column.model.label)}</h3>{text}'
        f'<p class="note figures">{"<br>".join(map(escape, _figures(column)))}</p></article>'
    )


def _figures(column: Column) -> list[str]:
    """Say how fast an answer came, and what else there is to say about it, each in a line."""
    end = column.end
    if end is None or end.past is None:
        return []
    times = "Answered at once."
    if end.seconds >= AT_ONCE:
        speed = f"{len(end.text) / end.seconds:,.0f} characters a second"
        times = f"First words after {end.first:.1f} s, all of it after {end.seconds:.1f} s: {speed}."
    return [times, end.note] if end.note else [times]


def _chooser(filled: Filled, name: str, label: str) -> str:
    models, chosen = filled.offered.models, filled.value(name)
    none = [] if name == "left" else [Choice("", "none")]
    options = "".join(
        f'<option value="{escape(one.value)}"{" selected" if one.value == chosen else ""}>{escape(one.label)}</option>'
        for one in (*none, *models)
    )
    select = f'<select id="{name}" name="{name}">{options}</select>'
    return f'<div class="row"><label for="{name}">{label}</label>{select}</div>'


def _dial(filled: Filled, name: str) -> str:
    field = talk.field(name)
    if field is None:
        return ""
    called, step = DIALS[name]
    bounds = f'min="{field.least:g}" max="{field.most:g}"' if field.least is not None and field.most is not None else ""
    return (
        f'<label title="{escape(field.about)}">{called}<input type="number" name="{name}"'
        f' step="{step}" {bounds} value="{escape(filled.value(name))}"></label>'
    )


def _guard(filled: Filled) -> str:
    checked = " checked" if filled.values.get("guard") else ""
    box = f'<input type="checkbox" name="guard" value="yes"{checked}>'
    return f'<label class="tick">{box}The guard judges, as for customers</label>'
