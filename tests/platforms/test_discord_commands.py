"""The commands of admins in Discord: how they are listed, who may, and what completes itself."""

from pathlib import Path
from typing import Annotated

import discord

from bot.admin.calls import Call, Upload
from bot.admin.catalogue import COMMANDS
from bot.admin.forms import About, command
from bot.admin.office import Office
from bot.admin.replies import Reply
from tests.kit import PERSONA
from tests.platforms.discord_scene import Scene, open_patient_scene, press, shown

OPEN = ("ask", "human", "privacy", "forget-me", "export-me", "reset")
GROUPS = ("data", "train", "model", "canary", "sarah")


@command("data", may="home")
async def mix(  # noqa: PLR0913 - a field of each kind
    call: Call,
    office: Office,
    dataset: Annotated[str, About("The dataset", names="datasets")],
    *,
    epochs: Annotated[int | None, About("How often", least=1, most=50)] = None,
    learning_rate: Annotated[float | None, About("How fast", least=0.5)] = None,
    sure: Annotated[bool, About("Without asking")] = False,
    file: Annotated[Upload | None, About("A file")] = None,
) -> Reply:
    """Mix what there is."""
    del office, file
    assert call.link
    return Reply(repr((dataset, epochs, learning_rate, sure)))


@command("data", may="home")
async def who(call: Call, office: Office) -> Reply:
    """Say who calls."""
    del office
    caller, where = call.caller, call.conversation
    rights = f"{caller.manages} {caller.moderates} {caller.is_guest} {caller.is_bot}"
    place = f"{where.workspace} {where.channel} {where.thread}"
    return Reply(f"{caller.who} in {caller.workspace} {caller.name} {rights}\n{place}\n{call.link}\n{call.message_id}")


def listed(scene: Scene, title: str) -> dict[str, dict[str, object]]:
    """Return a command's options as Discord has them, by their names."""
    group, _, name = title.partition(" ")
    known = {each["name"]: each for each in scene.env.backend.commands[None].values()}
    found = known[group] if not name else next(each for each in known[group]["options"] if each["name"] == name)
    return {option["name"]: option for option in found.get("options", [])}


def let_everybody(scene: Scene, group: str) -> None:
    """Let everybody of the server see a group, as its admins can."""
    known = {each["name"]: int(each["id"]) for each in scene.env.backend.commands[None].values()}
    scene.guild.set_command_permissions(known[group], {scene.alice: True})


async def test_every_command_is_listed_with_its_own_sentence_and_fields(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        known = {each["name"]: each for each in scene.env.backend.commands[None].values()}
        assert set(known) == {*OPEN, *GROUPS}
        for each in COMMANDS:
            assert list(listed(scene, each.title)) == sorted(
                (field.name for field in each.fields),
                key=lambda name, each=each: not listed(scene, each.title)[name]["required"],
            )
            if each.group:
                [found] = [one for one in known[each.group]["options"] if one["name"] == each.name]
                assert found["description"] == each.about


async def test_what_only_admins_may_is_shown_to_those_who_manage_a_server_and_in_servers_only(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        for each in scene.env.backend.commands[None].values():
            closed = each["name"] in GROUPS
            assert each.get("default_member_permissions") == (32 if closed else None), each["name"]
            assert each["contexts"] == ([0] if closed else [0, 1]), each["name"]


async def test_options_have_the_kinds_and_ranges_of_their_fields(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(mix,)) as scene:
        options = listed(scene, "data mix")
        kinds = discord.AppCommandOptionType
        assert {name: option["type"] for name, option in options.items()} == {
            "dataset": kinds.string.value,
            "epochs": kinds.integer.value,
            "learning-rate": kinds.number.value,
            "sure": kinds.boolean.value,
            "file": kinds.attachment.value,
        }
        assert [name for name, option in options.items() if option["required"]] == ["dataset"]
        assert (options["epochs"]["min_value"], options["epochs"]["max_value"]) == (1, 50)
        assert (options["learning-rate"]["min_value"], options["learning-rate"].get("max_value")) == (0.5, None)
        assert [name for name, option in options.items() if option.get("autocomplete")] == ["dataset"]
        assert options["epochs"]["description"] == "How often"


async def test_a_choice_offers_its_words(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        words = {field.name: field.choices for each in COMMANDS if each.title == "train start" for field in each.fields}
        offered = [{"name": word, "value": word} for word in words["provider"]]
        assert len(offered) > 1
        assert listed(scene, "train start")["provider"]["choices"] == offered


async def test_what_a_form_asks_for_with_more_room_is_not_insisted_on(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        assert not any(option["required"] for option in listed(scene, "data add-example").values())
        assert not any(option["required"] for option in listed(scene, "data upload").values())


async def test_options_arrive_as_what_they_are(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(mix,)) as scene:
        olga = scene.boss()
        result = await olga.slash(scene.channel, "data mix", dataset="lamps", epochs=3, sure=True)
        assert shown(result) == "('lamps', 3, None, True)"
        rated = await olga.slash(scene.channel, "data mix", **{"dataset": "lamps", "learning-rate": 1.5})
        assert shown(rated) == "('lamps', None, 1.5, False)"


async def test_a_caller_is_who_discord_says_and_where_it_says(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(who,)) as scene:
        olga, thread, guild = scene.boss(), scene.thread(), scene.guild.id
        first, second, link, message_id = shown(await olga.slash(thread, "data who")).split("\n")
        assert first == f"discord:{olga.id} in {guild} olga True False False False"
        assert second == f"{guild} {scene.channel.id} {thread.id}"
        assert link == f"https://discord.com/channels/{guild}/{thread.id}"
        assert message_id.isdecimal()


async def test_a_person_who_is_called_to_a_direct_message_is_told_whose_it_is(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        support = scene.support()
        asked = await scene.alice.user.slash("human")
        assert PERSONA.sentences.handed_over in "".join(scene.said(scene.alice.user.dm_channel)), asked.response
        [notice] = scene.said(support)
        assert notice.endswith(f"\nhttps://discord.com/users/{scene.alice.id}")


async def test_who_may_moderate_messages_is_told_apart_from_who_may_manage_the_server(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path, commands=(who,)) as scene:
        role = scene.guild.create_role("All", permissions=discord.Permissions(administrator=True))
        root = scene.guild.add_member(scene.env.create_user("root"), roles=[role])
        assert "root True True False False" in shown(await root.slash(scene.channel, "data who"))


async def test_a_member_to_whom_the_commands_are_shown_may_not_give_them_for_that(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        let_everybody(scene, "data")
        refused = await scene.alice.slash(scene.channel, "data list")
        assert "Manage Server" in shown(refused)
        assert f"discord:{scene.alice.id}" in shown(refused)
        assert [line.action for line in scene.office.registry.audit_log(1)] == ["refused"]


async def test_a_newcomer_who_has_not_agreed_to_the_rules_is_a_guest(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        scene.env.backend.get_guild(scene.guild.id).members[olga.id].pending = True
        assert "Guests cannot do that" in shown(await olga.slash(scene.channel, "data list"))


async def test_an_admin_of_another_server_changes_nothing_of_the_company(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        elsewhere = scene.env.create_guild("Elsewhere")
        channel = elsewhere.create_text_channel("general")
        role = elsewhere.create_role("Boss", permissions=discord.Permissions(manage_guild=True))
        eve = elsewhere.add_member(scene.env.create_user("eve"), roles=[role])
        await scene.env.settle()
        assert f"discord:{elsewhere.id}" in shown(await eve.slash(channel, "data list"))
        changed = await eve.slash(channel, "sarah channel", on=False)
        assert "answers: no" in shown(changed)


async def test_rights_are_those_of_the_moment_in_which_a_button_is_pressed(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        dataset = await scene.keep_dataset()
        asked = await olga.slash(scene.channel, "data delete", dataset=dataset)
        scene.env.backend.edit_member(scene.guild.id, olga.id, {"role_ids": []})
        refused = await press(olga, asked.response, "Delete it")
        assert "Manage Server" in shown(refused)
        assert len(scene.office.registry.datasets()) == 1


async def test_names_complete_themselves_for_admins(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        olga = scene.boss()
        dataset = await scene.keep_dataset("lamps")
        found = await olga.autocomplete(scene.channel, "data show", "dataset", "LAM")
        assert found == [{"name": f"lamps ({dataset}, 20 examples)", "value": "lamps"}]
        assert await olga.autocomplete(scene.channel, "data show", "dataset", "doors") == []


async def test_names_are_told_to_nobody_else(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        let_everybody(scene, "data")
        await scene.keep_dataset("lamps")
        assert await scene.alice.autocomplete(scene.channel, "data show", "dataset", "") == []


async def test_what_is_kept_of_me_can_be_read_in_a_direct_message(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        result = await scene.alice.user.slash("privacy")
        assert shown(result) == scene.office.persona.privacy


async def test_a_channel_that_is_off_is_silent_and_only_ask_is_told_why(tmp_path: Path) -> None:
    async with open_patient_scene(tmp_path) as scene:
        await scene.boss().slash(scene.channel, "sarah channel", on=False)
        await scene.alice.send(scene.channel, f"{scene.me} how do I reset my lamp?")
        assert scene.said() == []
        asked = await scene.alice.slash(scene.channel, "ask", question="how do I reset my lamp?")
        assert shown(asked) == scene.office.persona.sentences.switched_off
        assert scene.model.asked == []
