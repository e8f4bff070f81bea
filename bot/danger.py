"""Messages in which somebody may be in danger: no program turns these away by itself."""

import re

_DANGER = re.compile(
    r"\b(on fire|caught fire|fire department|flames?|smok(e|ing|y)|smou?lder\w*|burn(ing|t|ed) smell|smells? (of|like)"
    r"|stinks?|spark(s|ing)|shock(s|ed)?|electrocut\w+|swollen|bulg\w+|hiss\w*|carbon monoxide|gas leak|911|112|999"
    r"|emergency|(long|loud) beeps?|scorch\w*|melt(ed|ing)|too hot to touch|unconscious|passed out|can'?t breathe"
    r"|break[- ]?in|burglar|intruder|broke in|locked in|trapped|swallow(s|ed)?|bleeding|chok(es?|ed|ing)|poison\w*"
    r"|ambulance|hospital|tingl\w+|(live|bare) wires?|dizz(y|iness)|faint(ed|ing)|coin cells?|button (cells?|batter\w+)"
    # Spanish, Portuguese, French, German and Italian.
    r"|fuego|incendio|humo|quemad[oa]|huele a gas|chispas?|inc[eê]ndio|fum[oa]|fuma[çc]a|queimad[oa]|cheir\w* a g[aá]s"
    r"|incendie|fum[ée]e|br[uû]l[ée]e?|odeur de gaz|[ée]tincelles?|feuer|brennt|rauch|verbrannt\w*|verschmort\w*"
    r"|gasgeruch|funken|fuoco|bruciat[oa]|odore di gas|scintille)\b",
    re.IGNORECASE,
)


def may_be_danger(text: str) -> bool:
    """Whether a message speaks of something that may be urgent: it is answered rather than refused."""
    return bool(_DANGER.search(text))
