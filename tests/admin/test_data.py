"""`data`: what is kept, shown, checked, handed out and removed."""

import json
from pathlib import Path

from tests.admin.kit import audited, examples, files, open_small, rows, started, uploaded
from tests.admin_kit import OWNER, SECOND, file


async def test_a_good_file_becomes_a_dataset_with_its_counts_and_prices(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        reply = await scene.give("data upload", file=file("lamps.jsonl", examples(20)), name="bulbs", stop="**END**")
        [kept] = scene.registry.datasets()
        assert (kept.name, kept.examples, kept.by) == ("bulbs", 20, OWNER.who)
        assert reply.text.startswith(f"Kept as **bulbs** (`{kept.id}`): {kept.train} to learn from")
        assert "No problems." in reply.text
        assert "tokens" in reply.text
        assert "gpt-4.1-mini" in reply.text
        assert [(button.label, button.command) for button in reply.buttons] == [
            ("Start a run", "train start"),
            ("Show", "data show"),
        ]
        learned = (tmp_path / "datasets" / kept.id / "train.jsonl").read_text("utf-8").splitlines()
        assert all(json.loads(line)["messages"][-1]["content"].endswith("**END**") for line in learned)


async def test_the_same_file_twice_is_one_dataset(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        first = await uploaded(scene)
        assert await uploaded(scene) == first
        assert len(scene.registry.datasets()) == 1


async def test_datasets_and_drafts_are_listed(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        assert "`data upload` keeps one" in (await scene.give("data list")).text
        dataset = await uploaded(scene)
        await scene.give("data add-example", question="Does it hum?", answer="It does.", draft="hums")
        text = (await scene.give("data list")).text
        assert "lamps" in text
        assert dataset in text
        assert "hums" in text


async def test_a_dataset_is_shown_with_samples_a_picture_and_what_comes_next(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("data show", dataset="lamps")
        assert "10 examples to learn from" in reply.text
        assert "discord\\:1 (12)" in reply.text
        assert reply.text.count("**assistant**") == 3
        assert "**10 examples**" in reply.text
        assert "No problems." in reply.text
        assert "**Price**" in reply.text
        [picture] = reply.attachments
        assert picture.name == "lengths.png"
        assert picture.content.startswith(b"\x89PNG")
        assert [button.command for button in reply.buttons] == ["train start", "data check", "data delete"]


async def test_a_dataset_that_there_is_not_is_named_with_one_that_there_is(home: Path) -> None:
    async with open_small(home) as scene:
        for command in ("data show", "data check", "data delete", "data export", "train start"):
            text = (await scene.give(command, dataset="lambs")).text
            assert "'lambs'" in text
            assert "lamps" in text


async def test_checking_keeps_nothing(home: Path) -> None:
    async with open_small(home) as scene:
        before = rows(home), files(home)
        sent = await scene.give("data check", file=file("new.jsonl", examples(12, "fan")))
        kept = await scene.give("data check", dataset="lamps")
        assert "**12 examples**" in sent.text
        assert "**10 examples**" in kept.text
        assert (rows(home), files(home)) == before


async def test_checking_nothing_says_what_to_do(home: Path) -> None:
    async with open_small(home) as scene:
        assert "send a file along, or name a `dataset`" in (await scene.give("data check")).text


async def test_a_dataset_whose_files_were_changed_is_shown_and_handed_out_no_more(home: Path) -> None:
    async with open_small(home) as scene:
        dataset = scene.registry.dataset_named("lamps").id
        with (home / "datasets" / dataset / "train.jsonl").open("a") as tampered:
            tampered.write(examples(1, "trap"))
        for command in ("data show", "data check", "data export"):
            reply = await scene.give(command, dataset="lamps")
            assert not reply.attachments
            assert "lamps" in reply.text
            assert "the fault is ours" not in reply.text


async def test_a_dataset_is_deleted_after_asking(home: Path) -> None:
    async with open_small(home) as scene:
        dataset = scene.registry.dataset_named("spare").id
        asked = await scene.give("data delete", dataset="spare")
        assert "It cannot be brought back." in asked.text
        assert (home / "datasets" / dataset).is_dir()
        done = await scene.press(asked, "Delete it", SECOND)
        assert "is gone" in done.text
        assert not (home / "datasets" / dataset).exists()
        assert [one.name for one in scene.registry.datasets()] == ["lamps"]
        assert audited(scene)[0] == (SECOND.who, "remove dataset")
        assert f"There is no dataset '{dataset}'" in (await scene.press(asked, "Delete it")).text


async def test_a_dataset_that_a_run_has_used_stays_and_the_run_is_named(home: Path) -> None:
    async with open_small(home) as scene:
        run = await started(scene, "spare")
        reply = await scene.give("data delete", dataset="spare", sure="yes")
        assert run in reply.text
        assert "'spare'" in reply.text
        dataset = scene.registry.dataset_named("spare").id
        assert (home / "datasets" / dataset / "train.jsonl").is_file()


async def test_a_dataset_that_is_gone_starts_no_run_that_was_proposed_with_it(home: Path) -> None:
    async with open_small(home) as scene:
        asked = await scene.give("train start", dataset="spare")
        await scene.give("data delete", dataset="spare", sure="yes")
        reply = await scene.press(asked, "Start")
        assert "There is no dataset" in reply.text
        assert scene.registry.unfinished() == []


async def test_a_dataset_is_handed_out_byte_for_byte_and_that_is_logged(home: Path) -> None:
    async with open_small(home) as scene:
        dataset = scene.registry.dataset_named("lamps").id
        reply = await scene.give("data export", SECOND, dataset="lamps")
        folder = home / "datasets" / dataset
        assert {attached.name: attached.content for attached in reply.attachments} == {
            "lamps-train.jsonl": (folder / "train.jsonl").read_bytes(),
            "lamps-validation.jsonl": (folder / "validation.jsonl").read_bytes(),
        }
        assert audited(scene)[0] == (SECOND.who, "export")
        assert not reply.public
