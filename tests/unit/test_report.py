import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment

from robust_mer.evaluation.experiment import CorpusFacts
from robust_mer.provenance.facts import MadeWith
from robust_mer.report.answer import answer
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.page import (
    ExperimentFiles,
    ReportFiles,
    RunFacts,
    page,
    sort_files,
)
from robust_mer.report.spec import Facts, ReportSpec, Shown
from robust_mer.report.tables.base import ResultTable
from robust_mer.report.tables.registry import TABLES
from robust_mer.settings import Plugin
from robust_mer.store import write_features

PUBLISHED = Path(__file__).parents[2] / "resources/published"
EVIL = "<script>alert('x')</script>&"


def summary():
    rows = []
    for tested_on, noise, snr_db, scores in (
        ("gaussian_-10dB", "gaussian", -10, {"men": 0.61, "nmer": 0.655, "cm_arr": 0.9}),
        ("gaussian_-40dB", "gaussian", -40, {"men": 0.52, "nmer": 0.51, "cm_arr": 0.8}),
    ):
        for model, ua in scores.items():
            trained_on = "clean" if model == "men" else tested_on
            rows.append(
                {
                    "model": model,
                    "trained_on": trained_on,
                    "tested_on": tested_on,
                    "training": "clean" if model == "men" else "same",
                    "noise": noise,
                    "snr_db": snr_db,
                    "condition": "average",
                    "kind": "average",
                    "wa_mean": 0.5,
                    "wa_sd": 0.01,
                    "ua_mean": ua,
                    "ua_sd": 0.01,
                    "wa_chance": 0.4,
                    "ua_chance": 0.25,
                    "folds": 2,
                    "seeds": 3,
                    "utterances": 50,
                    "published_model": "NMER" if model == "nmer" else "",
                    "paper_wa": 0.7 if model == "nmer" else None,
                    "paper_ua": 0.7 if model == "nmer" else None,
                    "difference_wa": -0.2 if model == "nmer" else None,
                    "difference_ua": ua - 0.7 if model == "nmer" else None,
                }
            )
    rows += [{**row, "condition": "a", "kind": "partial"} for row in rows]
    return pd.DataFrame(rows)


def experiment(**changes):
    keys = summary()[["model", "trained_on", "tested_on"]].drop_duplicates()
    fields = {
        "name": "demo",
        "corpus": "corpus",
        "note": f"Generated {EVIL}",
        "models": {"men": "men", "nmer": "nmer", "cm_arr": "cm_arr"},
        "folds": [0, 1],
        "seeds": [0, 1, 2],
        "is_mask_aware": ["cm_arr"],
        "corruptions": ["impulse_-10dB", "gaussian_-10dB_none", "gaussian_-40dB_none"],
    }
    return make_experiment(list(keys.itertuples(index=False, name=None)), **{**fields, **changes})


def plugins(registry, *names):
    return {name: Plugin(registry[name], {}) for name in names}


def results(folder, **changes):
    """What a run leaves behind for one experiment, with names that try to be HTML."""
    table = summary().replace({"model": {"men": f"men {EVIL}"}})
    table.to_csv(folder / "all.csv", index=False)
    (folder / "f.svg").write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x" "http://www.w3.org/svg11.dtd">\n'
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0"/></svg>'
    )
    (folder / "f.txt").write_text(f"UA of {EVIL}.\n")
    (folder / "f.vl.json").write_text("null\n")
    pd.DataFrame(
        {
            "utterance": [f"u{EVIL}", "u2", "u3", "u4"],
            "frames": [0, 0, 0, 8],
            "looked_at": [9, 9, 9, 9],
            "seconds": [1.0, 1.0, 1.0, 1.0],
            "status": ["failed", "empty", "empty", "ok"],
            "reason": [f"broken {EVIL}", "no face", "no face", ""],
        }
    ).to_csv(folder / "is13.csv", index=False)
    pd.DataFrame(
        {
            "fold": [0, 1, 0, 1],
            "modality": ["audio", "audio", "text", "text"],
            "target_snr_db": -10,
            "variance": 1.0,
            "steps": [46, 47, 60, 60],
            "alpha_bar": 0.1,
            "reached_snr_db": [-10.02, -10.31, -10.1, -10.1],
            "true_snr_db": [-4.82, -5.11, -4.9, -4.9],
        }
    ).to_csv(folder / "schedule.csv", index=False)
    sizes = {(0, "train"): 5, (0, "validation"): 2, (0, "test"): 3, (1, "train"): 6, (1, "test"): 4}
    pd.DataFrame(
        [(*key, f"u{n}") for key, size in sizes.items() for n in range(size)],
        columns=["fold", "part", "utterance"],
    ).to_csv(folder / "folds.csv", index=False)
    label = {"utterance": [f"u{n}" for n in range(6)], "label": ["happy", "sad"] * 3}
    pd.DataFrame(label).to_csv(folder / "utterances.csv", index=False)
    pd.DataFrame(
        {
            "fold": [0, 0, 1, 1],
            "parts": ["train and test", "validation and test"] * 2,
            "shared": "texts",
            "count": [3, 0, 5, 0],
            "promised": "",
        }
    ).to_csv(folder / "fold_checks.csv", index=False)
    frames = np.ones((8, 2), np.float32)
    frames[[1, 1, 5], [0, 1, 0]] = [np.nan, np.inf, -np.inf]
    write_features(
        folder / "is13.h5",
        ["u1", "u2", "u3"],
        [frames[:0], frames[:3], frames[3:]],
        ["x", "y"],
        None,
        {},
        "",
    )
    problem = {"file": ["Ses01F.txt"], "line": [7], "problem": ["<not> understood"]}
    pd.DataFrame(problem).to_csv(folder / "problems.csv", index=False)
    shown = Shown(
        experiment(**changes),
        tables=plugins(TABLES, "average", "conditions"),
        figures=plugins(FIGURES, "snr"),
        logs=("is13",),
        scheduled=("impulse_-10dB",),
        replaced={"is13": 0.0},
    )
    return shown, ExperimentFiles(
        summary=folder / "all.csv",
        tables={name: folder / f"{name}.md" for name in shown.tables},
        figures={"snr": folder / "f.svg"},
        captions={"snr": folder / "f.txt"},
        charts={"snr": folder / "f.vl.json"},
        logs={"is13": folder / "is13.csv"},
        replaced={"is13": folder / "is13.h5"},
        schedules={"impulse_-10dB": folder / "schedule.csv"},
        folds=folder / "folds.csv",
        problems=folder / "problems.csv",
        utterances=folder / "utterances.csv",
        checks=folder / "fold_checks.csv",
        samples=PUBLISHED / "nmer_table1_samples.csv",
    )


MADE_WITH = MadeWith(
    versions=[["robust-mer", "0.1.0, commit 0123456789ab", "3"], ["torch", EVIL, "2"]],
    seeds=[["train_model", "replicas", "1, 2"]],
    data=[["results/c/folds.csv", "make_folds", "0.1", "0123456789abcdef"]],
    unrecorded=4,
)
RUN = RunFacts(
    [["train_model", "3", "1.00", "2.00", "1.5"]],
    [["cpu", "3", "0.50"]],
    f"run: [{EVIL}]\n",
    MADE_WITH,
)


class Page(HTMLParser):
    """Cells of every table by its caption, all tags with their attributes, and all text."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.text, self._open = {}, [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("caption", "td", "th"):
            self._open.append("")
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._rows.append([])

    def handle_endtag(self, tag):
        if tag == "caption":
            self.tables[self._open.pop()] = self._rows
        if tag in ("td", "th"):
            self._rows[-1].append(self._open.pop())

    def handle_data(self, data):
        self.text += data
        if self._open:
            self._open[-1] += data


def write_page(folder, *shown):
    """The file of a page that shows some experiments."""
    (folder / "report.html").write_text(page(shown, RUN))
    return folder / "report.html"


@pytest.fixture
def parsed(tmp_path):
    return Page(write_page(tmp_path, results(tmp_path)).read_text())


class Places(ResultTable):
    """A table of the averages that reads what the page does not."""

    title = "Places"
    section = "average"
    reads = ("rankings",)


def test_tables_that_read_more_than_the_scores_are_shown(tmp_path):
    shown, files = results(tmp_path)
    tables = plugins(TABLES, "people") | {"places": Plugin(f"{__name__}:Places", {})}
    facts = Facts(data=CorpusFacts(answers={"voice": "voice_vote"}))
    index = pd.read_csv(files.utterances).assign(voice_vote="happy")
    index.to_csv(files.utterances, index=False)
    written = {name: tmp_path / f"{name}.md" for name in tables}
    written["places"].write_text("**Places of models**\n\n| Model |\n| --- |\n| men |\n")
    shown, files = replace(shown, tables=tables, facts=facts), replace(files, tables=written)
    page = Page(write_page(tmp_path, (shown, files)).read_text())
    captions = {caption: rows for caption, rows in page.tables.items() if "lace" in caption}
    assert captions == {"Places of models": [["Model"], ["men"]]}
    assert "people: voice" in str(page.tables)


def test_every_experiment_gets_its_own_files():
    """Lists hold the files of one experiment after the other, by the names that are shown."""
    first = Shown(experiment(), tables=plugins(TABLES, "average", "audit"), has_calibration=True)
    second = Shown(experiment(name="b"), tables=plugins(TABLES, "audit"), logs=("x", "y"))
    lists = {
        "tables": ["a_average.md", "a_audit.md", "b_audit.md"],
        "calibrations": ["a_raw.csv"],
        "logs": ["b/x.csv", "b/y.csv"],
        **{
            name: []
            for name in ("figures", "captions", "charts", "replaced", "schedules", "others")
        },
    }
    single = ("summaries", "comparisons", "features", "utterances", "folds", "checks", "problems")
    lists |= {name: [f"a/{name}", f"b/{name}"] for name in single}
    paths = {name: [Path(one) for one in names] for name, names in lists.items()}
    files = ReportFiles(**paths, samples=Path("s.csv"), html=Path("r.html"))
    (_, a), (_, b) = sort_files(ReportSpec((first, second), (), {}), files)
    assert a.tables == {"average": Path("a_average.md"), "audit": Path("a_audit.md")}
    assert b.tables == {"audit": Path("b_audit.md")}
    assert (a.calibration, b.calibration) == (Path("a_raw.csv"), None)
    assert b.logs == {"x": Path("b/x.csv"), "y": Path("b/y.csv")}
    assert (a.folds, b.folds) == (Path("a/folds"), Path("b/folds"))
    with pytest.raises(ValueError, match="more tables, logs"):
        list(
            sort_files(
                ReportSpec((first,), (), {}),
                replace(files, **{name: paths[name][:1] for name in single}),
            )
        )


def test_answer_names_the_best_model_and_its_lead():
    sentences = answer(experiment(), summary())
    assert sentences[0] == (
        "Highest average UA: nmer under 1 of 2 corruptions (by 0.0450 over the next model), "
        "men (trained on clean) under 1 of 2 corruptions (by 0.0100 over the next model)."
    )
    assert sentences[1].startswith("None of these leads was tested")
    assert sentences[2] == "Each number is the mean over 2 folds and 3 seeds."
    assert sentences[3] == (
        "Best under each corruption: gaussian −10 dB: nmer 0.6550, 0.0450 above men (trained on "
        "clean); gaussian −40 dB: men (trained on clean) 0.5200, 0.0100 above nmer."
    )
    assert "†" in sentences[4]
    assert sentences[5] == (
        "Our average UA minus the published one: −0.1900 to −0.0450 (2 numbers)."
    )


def test_answer_says_how_sure_a_lead_is():
    compared = pd.DataFrame(
        [
            ["gaussian_-10dB", "men", "clean", "nmer", "gaussian_-10dB", -0.09, -0.01, 0.03],
            ["gaussian_-40dB", "men", "clean", "nmer", "gaussian_-40dB", -0.02, 0.04, 0.6],
        ],
        columns=[
            "tested_on",
            "model",
            "trained_on",
            "other",
            "other_trained_on",
            "low",
            "high",
            "p_holm",
        ],
    ).assign(condition="average", measure="ua")
    sentences = answer(experiment(), summary(), compared)
    assert sentences[1].startswith("Of 2 tested leads, 1 is significant")
    lead = "nmer 0.6550, 0.0450 above men (trained on clean) (95 % interval +0.0100 to +0.0900, "
    assert f"{lead}p = 0.03)" in sentences[3]
    assert "above nmer (95 % interval −0.0200 to +0.0400, p = 0.6)" in sentences[3]


def test_answer_compares_like_with_like():
    told = answer(experiment(), summary().query("model == 'cm_arr'"))
    assert told[0] == "Highest average UA: cm_arr † under 2 of 2 corruptions."
    assert len(told) == 4
    nothing = answer(experiment(), summary().query("kind == 'partial'"))
    assert nothing == ["No average over the partial conditions was evaluated."]
    # an average over more conditions does not compete with one over fewer
    more = pd.concat([summary(), summary().query("model == 'men'").assign(condition="v")])
    more = more[(more["condition"] != "v") | (more["kind"] == "partial")]
    assert answer(experiment(), more)[0] == (
        "Highest average UA: men (trained on clean) under 2 of 2 corruptions."
    )
    # trained with all modalities noisy: that condition is compared
    none = summary().query("kind == 'average'").assign(condition="none", kind="none")
    none["training"] = none["training"].replace("same", "same, none clean")
    of_all = none["trained_on"] + "_none"
    none["trained_on"] = of_all.where(none["trained_on"] != "clean", "clean")
    assert answer(experiment(), none)[0].startswith(
        "Highest UA with all modalities corrupted: nmer"
    )


def test_page_shows_what_is_behind_the_numbers(parsed):
    tables = parsed.tables
    assert tables["is13: 4 utterances"][1:] == [
        ["empty", "no face", "2"],
        ["failed", f"broken {EVIL}", "1"],
        ["ok", "", "1"],
    ]
    assert tables["Utterances without features"][1:] == [
        [f"u{EVIL}", "failed", f"broken {EVIL}"],
        ["u2", "empty", "no face"],
        ["u3", "empty", "no face"],
    ]
    assert tables["Noise schedules, ranges over the folds"][1:] == [
        ["impulse −10 dB", "audio", "−10", "46 to 47", "−10.31 to −10.02", "−5.11 to −4.82"],
        ["impulse −10 dB", "text", "−10", "60", "−10.10", "−4.90"],
    ]
    assert tables["Utterances of each fold"][1:] == [["0", "5", "2", "3"], ["1", "6", "0", "4"]]
    assert tables["Targets of the utterances in training or test"][1:] == [
        ["happy", "3"],
        ["sad", "3"],
    ]
    assert tables["What the parts of a fold share, ranges over the folds"] == [
        ["", "train and test", "validation and test"],
        ["texts", "3 to 5", "0"],
    ]
    assert tables["What the reader left out or found odd"][1:] == [
        ["Ses01F.txt", "7", "<not> understood"]
    ]
    average = tables["Experiment demo on corpus: mean over the partial conditions"]
    assert average[0] == ["", "", "gaussian −10 dB", "gaussian −40 dB"]
    assert average[2][:2] == [f"men {EVIL}", "clean"]
    assert average[2][3::2] == ["0.6100 ± 0.0100", "0.5200 ± 0.0100"]
    assert ["paper: NMER", "same", "0.7000", "0.7000", "0.7000", "0.7000"] in average
    assert tables["Made with"] == [["What", "Version", "Jobs"], *MADE_WITH.versions]
    assert tables["Seeds"][1:] == MADE_WITH.seeds
    assert tables["Data"][1:] == MADE_WITH.data
    assert "4 results have no record" in parsed.text


def test_sizes_stand_beside_the_papers(tmp_path):
    text = write_page(tmp_path, results(tmp_path, published="IEMOCAP")).read_text()
    tables = Page(text).tables
    assert tables["Utterances of each fold"][-1] == ["paper, Table 1", "4446", "", "557"]
    assert tables["Targets of the utterances in training or test"][1:] == [
        ["angry", "0", "1103"],
        ["happy", "3", "1636"],
        ["neutral", "0", "1708"],
        ["sad", "3", "1084"],
    ]


def test_page_counts_values_that_were_replaced(parsed, tmp_path):
    assert "Not finite: 3 values in 2 utterances, replaced by 0." in parsed.text
    shown, files = results(tmp_path)
    refusing = replace(shown, replaced={}), replace(files, replaced={})
    assert "Not finite" not in write_page(tmp_path, refusing).read_text()


def test_nothing_from_the_data_becomes_html(parsed):
    assert sum(tag == "script" for tag, _ in parsed.tags) == 2  # the palette and the page's own
    assert f"Generated {EVIL}" in parsed.text
    assert f"UA of {EVIL}." in parsed.text


def test_page_needs_nothing_from_outside(parsed):
    for _, attributes in parsed.tags:
        for name in ("src", "href", "xlink:href", "data", "action"):
            assert attributes.get(name, "#").startswith("#")
    assert not {"link", "iframe", "object", "img"} & {tag for tag, _ in parsed.tags}
    assert ("viewport", "width=device-width, initial-scale=1") in [
        (attributes.get("name"), attributes.get("content")) for _, attributes in parsed.tags
    ]
    assert sum(tag == "svg" for tag, _ in parsed.tags) == 1


def test_the_same_results_give_the_same_page(tmp_path):
    pages = []
    for _ in range(2):
        both = results(tmp_path), results(tmp_path, note=None)
        pages.append(write_page(tmp_path, *both).read_bytes())
    assert pages[0] == pages[1]
    assert pages[0].count(b'class="banner"') == 1
    assert b'href="#experiment2"' in pages[0]


def in_browser(folder, path):
    """The page as a phone's width of browser leaves it, its scripts run."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--disable-background-networking", "--window-size=390,800"]
    command += [f"--user-data-dir={folder / 'profile'}", f"file://{path}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_tables_sort_in_a_browser(tmp_path):
    """A click sorts numbers as numbers, a second one the other way round, empty cells stay last."""
    text = write_page(tmp_path, results(tmp_path)).read_text()
    clicks = """<script>
    const table = [...document.querySelectorAll("table")].find(
      (one) => one.caption.textContent.startsWith("Noise"));
    const read = () => [...table.tBodies[0].rows].map((row) => row.cells[4].textContent).join("/");
    const order = [];
    for (let n = 0; n < 2; n++) {
      table.tHead.rows[0].cells[4].querySelector("button").click();
      order.push(read());
    }
    const wide = document.documentElement.scrollWidth > window.innerWidth;
    document.title = order.join(" then ") + "; wide: " + wide;
    </script></body>"""
    (tmp_path / "clicked.html").write_text(text.replace("</body>", clicks))
    dom = in_browser(tmp_path, tmp_path / "clicked.html")
    ascending = "−10.31 to −10.02/−10.10"
    descending = "−10.10/−10.31 to −10.02"
    assert f"<title>{ascending} then {descending}; wide: false</title>" in dom


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
def test_long_tables_filter_and_nothing_goes_wrong_in_a_browser(tmp_path):
    rows = "\n".join(f"| men\\|{n} | {'nmer' if n % 4 else 'mmin'} | {n} |" for n in range(20))
    (tmp_path / "c.md").write_text(
        f"**Comparisons**\n\n| model | other | p |\n| --- | --- | --- |\n{rows}\n\n- a note\n"
    )
    shown, files = results(tmp_path)
    shown = replace(shown, tables={**shown.tables, **plugins(TABLES, "comparisons")})
    files = replace(files, tables={**files.tables, "comparisons": tmp_path / "c.md"})
    text = write_page(tmp_path, (shown, files)).read_text()
    listen = "<script>let wrong = 0; addEventListener('error', () => { wrong += 1; });</script>"
    use = """<script>
    for (const details of document.querySelectorAll("details")) details.open = true;
    const filters = [...document.querySelectorAll("input[type=search]")];
    const table = [...document.querySelectorAll("table")].find(
      (one) => one.caption.textContent === "Comparisons");
    filters[0].value = "MMIN men|1";
    filters[0].dispatchEvent(new Event("input"));
    const left = [...table.tBodies[0].rows].filter((row) => !row.hidden);
    const seen = [...document.querySelectorAll("figure svg")].every(
      (svg) => svg.getBoundingClientRect().width > 100);
    document.title = `${filters.length} filter, ${left.map((r) => r.cells[0].textContent)}, `
      + `seen: ${seen}, wrong: ${wrong}`;
    </script></body>"""
    text = text.replace("<head>", f"<head>{listen}").replace("</body>", use)
    (tmp_path / "used.html").write_text(text)
    dom = in_browser(tmp_path, tmp_path / "used.html")
    assert "<title>1 filter, men|12,men|16, seen: true, wrong: 0</title>" in dom
