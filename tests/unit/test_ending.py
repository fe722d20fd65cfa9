"""What the terminal shows after the last job of a run."""

import shlex
import sys
from pathlib import Path

import pytest
from helpers.plans import default_config, plan_of

from robust_mer.plan.ending import ending

NOTE = "They are no evidence about people."
HEAD = "model,trained_on,tested_on,training,condition,kind,ua_mean,ua_chance\n"
# A MEN that was trained on clean data, and an NMER that was trained on what it meets.
DEMO = """\
men_demo,clean,clean,clean,avl,complete,0.8125,0.25
men_demo,clean,gaussian_-10dB,clean,none,none,0.3,0.25
men_demo,clean,gaussian_-10dB,clean,a,partial,0.4,0.25
men_demo,clean,gaussian_-10dB,clean,average,average,0.5,0.25
nmer_demo,clean,clean,clean,avl,complete,0.75,0.25
nmer_demo,gaussian_-10dB,gaussian_-10dB,same,average,average,0.625,0.25
"""
ALONE = "audio_demo,clean,clean,clean,a,complete,0.5,0.25\n"
EXPORTED = "results/demo/exported/nmer_demo/gaussian_-10dB/fold1_seed1"


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    raw = default_config()
    raw["run"] = ["demo", "demo_unimodal"]
    raw["corpora"]["demo"]["note"] = NOTE
    plan = plan_of(raw)
    for name, rows in (("demo", DEMO), ("demo_unimodal", ALONE)):
        write(plan.layout.table(name, "all"), HEAD + rows)
    return plan


def write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("   ") if cell.strip()]


def test_scores_stand_by_model_and_corruption(plan):
    lines = [cells(line) for line in ending(plan)]
    assert ["UA, demo", "clean", "gaussian −10 dB"] in lines
    assert ["men_demo (trained on clean)", "0.812", "0.500"] in lines
    assert ["nmer_demo", "0.750", "0.625"] in lines
    assert ["chance", "0.250", "0.250"] in lines
    assert ["UA, demo_unimodal", "clean"] in lines
    assert any(line[0].startswith("audio_demo") and line[1:] == ["0.500"] for line in lines if line)


def test_it_says_how_numbers_are_formed_and_what_they_are_worth(plan):
    text = "\n".join(ending(plan))
    assert "2 folds and 1 seed" in text
    assert NOTE in text
    assert "results/report.html" in text
    assert "predict" not in text  # nothing was exported


def test_an_exported_model_is_offered_with_a_recording_of_its_test_part(plan):
    layout = plan.layout
    write(f"{EXPORTED}/model.json", "{}")
    write(
        layout.folds("demo"), "fold,part,utterance\n1,train,u1\n1,test,u2\n1,test,u3\n2,test,u1\n"
    )
    write(
        layout.utterances("demo"),
        "utterance,audio,start,end,text,audio_is_cut\n"
        'u1,u1.wav,,,Hello.,1\nu2,empty.wav,,,Hello.,1\nu3,u3.wav,1.5,2.5,"-It\'s me, you!",0\n',
    )
    root = Path(plan.corpora["demo"].config.root)
    for name, text in (("u1.wav", "sound"), ("empty.wav", ""), ("u3.wav", "sound")):
        write(str(root / name), text)
    command = shlex.split(ending(plan)[-1])
    program = Path(sys.executable).with_name("robust-mer")
    assert command[1:] == [
        *(str(program) if program.is_file() else program.name, "predict", str(root / "u3.wav")),
        *("--text=-It's me, you!", "--start", "1.5", "--end", "2.5", "--model", EXPORTED),
    ]


def test_a_run_without_scores_says_what_to_open(plan):
    Path(plan.layout.table("demo", "all")).unlink()
    Path(plan.layout.table("demo_unimodal", "all")).unlink()
    assert "results/report.html" in ending(plan)[-1]
