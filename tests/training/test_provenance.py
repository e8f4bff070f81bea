"""Every example says where it comes from, and what was said in a chat is learned from only where that is allowed."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.entries import Entry
from training.examples import DataError
from training.provenance import Attribution, Provenance, covers, marks
from training.registry.records import Permission

NOW = 1_800_000_000.0
DESK = Provenance("desk", "file", permission="ours")
DISCORD = Permission("permit-1", "discord", "*", "letter 7", "Discord", "ada", NOW - 9, None)
SLACK = Permission("permit-2", "slack", "T1", "minutes of 3 May", "the owner of T1", "ada", NOW - 9, NOW + 9)
HEAD = "file,question,category,on_topic,author,date,pages,worked_out\n"


def entry(text: str = "Is it on?", **fields: object) -> Entry:
    return Entry(
        3, {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "Yes."}], **fields}
    )


def attribution(
    folder: Path, *permissions: Permission, declared: Provenance = DESK, table: str = "", name: str = "a.jsonl"
) -> Attribution:
    if table:
        (folder / "origins.csv").write_text(HEAD + table, "utf-8")
    return Attribution(folder / name, declared, permissions, NOW)


def test_an_example_that_says_nothing_comes_from_where_the_file_comes_from(tmp_path: Path) -> None:
    found = attribution(tmp_path).of(entry(category="power"))
    assert found.provenance == Provenance("desk", "file", "a.jsonl, line 3", "", "ours")
    assert (found.category, found.problems) == ("power", ())


def test_the_table_beside_the_file_names_the_author_and_the_category(tmp_path: Path) -> None:
    rows = "a.jsonl,Is it on?,power,yes,field-desk,2026-11-21,,\nb.jsonl,Is it off?,other,yes,nobody,2026-11-21,,\n"
    origins = attribution(tmp_path, table=rows)
    found = origins.of(entry())
    assert found.provenance == Provenance("field-desk", "written", "a.jsonl, line 3", "", "ours")
    assert found.category == "power"
    assert origins.of(entry("Is it off?")).provenance.supplied_by == "desk"


def test_an_author_makes_nothing_his_own_that_a_file_has_from_a_chat(tmp_path: Path) -> None:
    rows = "a.jsonl,Is it on?,power,yes,field-desk,2026-11-21,,\n"
    (problem,) = attribution(tmp_path, declared=replace(DESK, source="discord"), table=rows).of(entry()).problems
    assert problem.rule == "unpermitted_origin"


def test_what_an_example_says_of_itself_comes_first(tmp_path: Path) -> None:
    origin = {"supplied_by": "ada", "source": "handbook", "permission": "CC0", "place": "page 4"}
    found = attribution(tmp_path, table="a.jsonl,Is it on?,power,yes,field-desk,2026-11-21,,\n").of(
        entry(origin=origin)
    )
    assert found.provenance == Provenance("ada", "handbook", "page 4", "", "CC0")


def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"origins\.csv, line 2"):
        attribution(tmp_path, table="a.jsonl,too,short\n")


@pytest.mark.parametrize(
    ("origin", "complaint"),
    [
        ("desk", '"origin" must be an object with "supplied_by" and "source": mend'),
        ({"source": "file"}, 'must be an object with "supplied_by" and "source": mend'),
        ({"supplied_by": "", "source": "file"}, 'as its "supplied_by" one line of 1 to 200 characters'),
        (
            {"supplied_by": "ada", "source": "telepathy"},
            'as its "source" one of file, written, handbook, discord, slack:',
        ),
        ({"supplied_by": 7, "source": "file"}, 'as its "supplied_by" one line of'),
        ({"supplied_by": "a\x1b[2J", "source": "file"}, "characters that can be shown"),
        ({"supplied_by": "a" * 201, "source": "file"}, "1 to 200"),
        ({"supplied_by": "ada", "source": "file", "place": 7}, 'as its "place" one line of 0 to 200'),
        (
            {"supplied_by": "ada", "source": "file", "colour": "red"},
            'a field "colour", and may have only supplied_by, ',
        ),
        ({"supplied_by": "ada", "source": "file", "": "red"}, 'a field "", and may have only'),
        ({"supplied_by": "ada", "source": "mail", "x" * 9999: 1}, r'"source" .* \(and 1 more to mend\)'),
    ],
)
def test_an_origin_that_is_none_is_a_problem_of_its_line(tmp_path: Path, origin: object, complaint: str) -> None:
    (problem,) = attribution(tmp_path).of(entry(origin=origin)).problems
    assert (problem.line, problem.rule, problem.severity) == (3, "bad_origin", "error")
    assert problem.text.endswith(": mend the line.")
    assert not re.search("_Own|[Ii]nput|instance|valid|Field|String", problem.text)
    assert len(problem.text) < 250
    assert re.search(complaint, problem.text)


@pytest.mark.parametrize("platform", ["discord", "slack"])
def test_what_comes_from_a_chat_is_refused_without_a_recorded_permission(tmp_path: Path, platform: str) -> None:
    origin = {"supplied_by": "ada", "source": platform, "workspace": "T9", "permission": "they said yes"}
    (problem,) = attribution(tmp_path, SLACK).of(entry(origin=origin)).problems
    assert (problem.line, problem.rule, problem.severity) == (3, "unpermitted_origin", "error")
    assert platform in problem.text.lower()
    assert "for workspace 'T9': record one with `sarah data permit`, or write the example anew" in problem.text


@pytest.mark.parametrize("permission", [DISCORD, SLACK])
def test_a_recorded_permission_covers_it_and_stands_in_its_origin(tmp_path: Path, permission: Permission) -> None:
    declared = Provenance("ada", permission.platform, workspace="T1", permission="they said yes")
    found = attribution(tmp_path, DISCORD, SLACK, declared=declared).of(entry())
    assert found.problems == ()
    assert found.provenance == replace(declared, place="a.jsonl, line 3", permission=permission.id)


def test_of_two_permissions_the_one_that_is_named_stands_in_the_origin(tmp_path: Path) -> None:
    declared = Provenance("ada", "slack", workspace="T1", permission="permit-3")
    found = attribution(tmp_path, SLACK, replace(SLACK, id="permit-3"), declared=declared).of(entry())
    assert found.provenance.permission == "permit-3"


@pytest.mark.parametrize(
    ("permission", "provenance", "at", "covered"),
    [
        (DISCORD, Provenance("a", "discord", workspace="G1"), NOW, True),
        (DISCORD, Provenance("a", "discord"), NOW, True),
        (DISCORD, Provenance("a", "slack", workspace="*"), NOW, False),
        (replace(DISCORD, workspace="G1"), Provenance("a", "discord", workspace="G1"), NOW, True),
        (replace(DISCORD, workspace="G1"), Provenance("a", "discord", workspace="G2"), NOW, False),
        (replace(DISCORD, workspace=""), Provenance("a", "discord"), NOW, False),
        (replace(DISCORD, withdrawn_at=NOW - 1), Provenance("a", "discord"), NOW, False),
        (SLACK, Provenance("a", "slack", workspace="T1"), NOW, True),
        (SLACK, Provenance("a", "slack", workspace="T1"), NOW + 9, False),
        (SLACK, Provenance("a", "slack"), NOW, False),
        (replace(SLACK, workspace="*"), Provenance("a", "slack", workspace="T1"), NOW, False),
        (SLACK, Provenance("a", "file", workspace="T1"), NOW, False),
    ],
)
def test_a_permission_covers_its_platform_its_workspace_and_its_time(
    permission: Permission, provenance: Provenance, at: float, *, covered: bool
) -> None:
    assert covers(permission, provenance, at) is covered


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("<@123456789012345678> is it on?", "discord"),
        ("<@!123456789012345678>", "discord"),
        ("ask <@&123456789012345678>", "discord"),
        ("in <#123456789012345678>", "discord"),
        ("ha <:zen:123456789012345678>", "discord"),
        ("ha <a:zen:123456789012345678>", "discord"),
        ("</help me:123456789012345678>", "discord"),
        ("at <t:1618953630:R>", "discord"),
        ("&lt;@123456789012345678&gt;", "discord"),
        ("<@\u200b123456789012345678>", "discord"),
        ("https://discord.com/channels/1/2/3", "discord"),
        ("https://ptb.DISCORD.com/channels/1/2/3", "discord"),
        ("https://cdn.discordapp.com/attachments/1/2/a.png", "discord"),
        ("<@U012ABC> is it on?", "slack"),
        ("<@W012ABC|ada>", "slack"),
        ("<#C012ABC|general>", "slack"),
        ("<!here> it is off", "slack"),
        ("<!subteam^S012|desk>", "slack"),
        ("https://zennest.slack.com/archives/C012/p1", "slack"),
        ("https://files.slack.com/files-pri/T1-F1/a.png", "slack"),
    ],
)
def test_what_bears_the_marks_of_a_chat_comes_from_there(tmp_path: Path, text: str, platform: str) -> None:
    assert [found for found, _ in marks(entry(text))] == [platform]
    (problem,) = attribution(tmp_path).of(entry(text)).problems
    assert problem.rule == "unpermitted_origin"
    permitted = attribution(tmp_path, DISCORD, SLACK, declared=replace(DESK, workspace="T1")).of(entry(text))
    assert permitted.problems == ()
    assert permitted.provenance.source == platform
    assert permitted.provenance.permission == ("permit-1" if platform == "discord" else "permit-2")


@pytest.mark.parametrize(
    "text",
    [
        "Is there a ZenNest server on Discord or Slack?",
        "Write to me @123456789012345678",
        "If x <5 and y> 3, <b>why</b>?",
        "Join at discord.gg/zennest or zennest.slack.com",
        "<@name>",
        "<!doctype html>",
        "The <#1> lamp",
        "a -> <link>",
    ],
)
def test_what_only_speaks_of_a_chat_does_not_come_from_there(text: str) -> None:
    assert list(marks(entry(text))) == []


@pytest.mark.parametrize(
    ("field", "platform"), [("guild_id", "discord"), ("isPinned", "discord"), ("client_msg_id", "slack")]
)
def test_the_fields_of_an_export_give_its_platform_away(field: str, platform: str) -> None:
    message = {"role": "user", "content": "Is it on?", field: "1"}
    assert list(marks(Entry(1, {field: 1}))) == [(platform, f'the field "{field}"')]
    assert list(marks(Entry(1, {"messages": [message]}))) == [(platform, f'the field "{field}"')]


@pytest.mark.parametrize(
    ("fields", "platform", "named"),
    [
        ({"platform": "discord"}, "discord", "platform"),
        ({"platform": "Slack", "channel_id": "C012ABCDE"}, "slack", "platform"),
        ({"source": " DISCORD "}, "discord", "source"),
        ({"source": "slack"}, "slack", "source"),
        ({"platform": "web", "source": "slack"}, "slack", "source"),
        ({"platform": "Discord", "guild": "ZenNest"}, "discord", "guild"),
        ({"guild": {"id": "1"}}, "discord", "guild"),
        ({"channel_id": "123456789012345678"}, "discord", "channel_id"),
        ({"channel_id": 123456789012345678}, "discord", "channel_id"),
        ({"channel_id": "C012ABCDE"}, "slack", "channel_id"),
    ],
)
def test_an_example_that_names_its_platform_comes_from_there(
    tmp_path: Path, fields: dict[str, Any], platform: str, named: str
) -> None:
    assert list(marks(entry(**fields))) == [(platform, f'the field "{named}"')]
    (problem,) = attribution(tmp_path).of(entry(**fields)).problems
    assert problem.rule == "unpermitted_origin"
    assert platform in problem.text.lower()


@pytest.mark.parametrize(
    "fields", [{"platform": "web"}, {"source": "discord and slack compared"}, {"source": None}, {"channel_id": "7"}]
)
def test_a_field_that_names_no_platform_gives_none_away(fields: dict[str, Any]) -> None:
    assert list(marks(entry(**fields))) == []


def test_a_mark_hides_nowhere_in_an_example() -> None:
    named = {"role": "user", "name": "<@123456789012345678>", "content": "Is it on?"}
    assert list(marks(Entry(1, {"messages": [named]}))) == [("discord", "a mention")]
    assert list(marks(Entry(1, ["<@123456789012345678>"]))) == [("discord", "a mention")]
    parts = [{"type": "text", "text": "<@U012ABC>"}]
    assert list(marks(Entry(1, {"messages": [{"role": "user", "content": parts}]}))) == [("slack", "a mention")]


def test_a_workspace_speaks_for_the_platform_that_is_named_with_it(tmp_path: Path) -> None:
    origin = {"supplied_by": "ada", "source": "discord", "workspace": "T1"}
    (problem,) = attribution(tmp_path, DISCORD, SLACK).of(entry("<@U012ABC> hi", origin=origin)).problems
    assert "Slack" in problem.text


def test_all_reasons_against_an_example_are_told(tmp_path: Path) -> None:
    found = attribution(tmp_path).of(entry("<@U012ABC> and <@123456789012345678>", origin={"source": "file"}))
    assert [problem.rule for problem in found.problems] == ["bad_origin", "unpermitted_origin", "unpermitted_origin"]
