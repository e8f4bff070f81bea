"""Sentences are counted and languages told apart."""

import pytest

from training.prose import language_of, sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Hold it for 10 seconds. Then wait!", 2),
        ("Call us Monday to Friday 8 a.m. to 8 p.m. and Saturday 9 a.m. to 5 p.m. Eastern.", 1),
        ("It costs $6.99 a month. Is that fine?", 2),
        ("Tap **Devices > Add device.** Then wait.", 2),
        ("- one thing\n- another thing", 2),
        ("電源を抜いてください。30秒待ちます。", 2),
        ("", 0),
    ],
)
def test_sentences_are_counted(text: str, count: int) -> None:
    assert len(sentences(text)) == count


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hold the button on the back for 10 seconds, and the hub restarts.", "en"),
        ("Mantén pulsado el botón trasero durante 10 segundos y el hub se reinicia.", "es"),
        ("Maintenez le bouton arrière pendant 10 secondes et le hub redémarre.", "fr"),
        ("Halten Sie die Taste auf der Rückseite 10 Sekunden lang gedrückt.", "de"),
        ("Tieni premuto il pulsante sul retro per 10 secondi e l'hub si riavvia.", "it"),
        ("Mantenha o botão de trás pressionado por 10 segundos e o hub reinicia.", "pt"),
        ("Houd de knop op de achterkant 10 seconden ingedrukt.", "nl"),
        ("Przytrzymaj przycisk z tyłu przez 10 sekund i hub się zrestartuje.", "pl"),
        ("Arkadaki düğmeyi 10 saniye basılı tutun ve hub yeniden başlar, bu kadar.", "tr"),
        ("Håll knappen på baksidan intryckt i 10 sekunder så startar den om.", "sv"),
        ("背面のボタンを10秒押し続けてください。", "ja"),
        ("按住背面的按钮10秒。", "zh"),
        ("뒷면 버튼을 10초 동안 누르세요.", "ko"),
        ("Удерживайте кнопку 10 секунд.", "ru"),
        ("Утримуйте кнопку 10 секунд, і хаб перезапуститься.", "uk"),
        ("اضغط على الزر لمدة 10 ثوان.", "ar"),
        ("ZN-101", ""),
    ],
)
def test_languages_are_told_apart(text: str, language: str) -> None:
    assert language_of(text) == language
