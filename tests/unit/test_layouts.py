"""The papers' tables: published numbers through the layouts, the files, and their escapes."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.experiments import make_experiment

from robust_mer.report.layouts import read_layouts, tables_of
from robust_mer.report.table import Line, Table, to_latex, to_markdown
from robust_mer.report.tables.own_figures import Figures
from robust_mer.report.tables.papers import laid_csv, laid_table, lay_out, samples

PUBLISHED = Path(__file__).parents[2] / "resources/published"
LAYOUTS = read_layouts(PUBLISHED / "layouts.yaml")


def figures():
    """No figures of ours."""
    key = ["model", "trained_on", "tested_on", "condition"]
    ends = ["wa_low", "wa_high", "ua_low", "ua_high"]
    return Figures(
        make_experiment(name="e", corpus="c", models={}, folds=[1], seeds=[1]),
        pd.DataFrame(columns=[*key, "kind"]),
        pd.DataFrame(columns=[*key, *ends]),
        pd.DataFrame(columns=["condition"]),
    )


def numbers(name):
    return pd.read_csv(PUBLISHED / LAYOUTS[name]["numbers"])


def laid(name, dataset):
    return lay_out(LAYOUTS[name], dataset, figures(), numbers(name))


NOISE = {"Gaussian noise": "gaussian", "Impulse noise": "impulse"}
SYSTEMS = {"w/o VAE": "NMER w/o VAE", "w/o invariant loss": "NMER w/o invariant loss"}


def tidy(name, row):
    """The row of the paper's csv for a cell, from its labels and heads only."""
    first = row["head"][0]
    if name == "nmer_table2":
        noise, snr = NOISE[row["head"][1]], first.removesuffix("dB (Avg)")
        return {"model": SYSTEMS.get(row["label"], row["label"]), "noise": noise, "snr_db": snr}
    if name == "nmer_table5":
        return {"model": row["label"], "noise": "gaussian", "snr_db": first.removesuffix("dB")}
    found = {"noise": "gaussian", "snr_db": row["label"].removesuffix("dB")}
    if name == "nmer_table3":
        clean = first.replace(", ", "").lower()
        return {"model": "NMER", **found, "clean_modalities": clean}
    return {"modality": first, **found}


@pytest.mark.parametrize("name", [f"nmer_table{number}" for number in (2, 3, 4, 5)])
def test_the_papers_numbers_through_the_layout_are_the_papers_csv(name):
    expected = numbers(name)
    found = []
    for dataset in expected["corpus"].unique():
        table = laid(name, dataset)
        for _, cells in table.groupby(["line", table["head"].str[:-1]], sort=False):
            of = {row["head"][-1].lower(): row["published"] for _, row in cells.iterrows()}
            found.append({"corpus": dataset, **tidy(name, cells.iloc[0]), **of})
    found = pd.DataFrame(found).astype({"snr_db": int})[list(expected)]
    key = [column for column in expected if column not in ("wa", "ua")]
    pd.testing.assert_frame_equal(
        found.sort_values(key, ignore_index=True), expected.sort_values(key, ignore_index=True)
    )


# As they stand in the paper's tables, typed off.
LINES = {
    ("nmer_table2", "IEMOCAP", "MEN"): "0.7120 0.7175 0.7448 0.7453 0.6747 0.6714 0.7026 0.7133 "
    "0.6370 0.6349 0.6758 0.6850 0.6047 0.6004 0.6348 0.6364",
    ("nmer_table2", "CMU-MOSEI", "w/o VAE"): "0.7439 0.6710 0.7621 0.6800 0.7328 0.6305 0.7483 "
    "0.6622 0.7289 0.6300 0.7151 0.6445 0.7018 0.6204 0.6971 0.6210",
    ("nmer_table3", "IEMOCAP", "-20dB"): "0.6752 0.6873 0.6911 0.6949 0.7623 0.7735 0.7068 0.7178 "
    "0.7720 0.7846 0.7771 0.7864 0.7307 0.7406",
    ("nmer_table4", "IEMOCAP", "-40dB"): "0.4161 0.4182 0.3502 0.3363 0.3795 0.3333",
    ("nmer_table5", "CMU-MOSEI", "NMER"): "0.7651 0.6842 0.7570 0.6513 0.7341 0.6181 0.7266 0.5735",
}
ROWS = {
    "nmer_table2": ["MEN", "MCTN", "MMIN", "IF-MMIN", "NMER", "w/o VAE", "w/o invariant loss"],
    "nmer_table3": ["-10dB", "-20dB", "-30dB", "-40dB"],
    "nmer_table4": ["0dB", "-10dB", "-20dB", "-30dB", "-40dB"],
    "nmer_table5": ["MEN", "MCTN", "MMIN", "IF-MMIN", "NMER"],
}
HEADS = {
    "nmer_table2": [
        (f"{snr}dB (Avg)", f"{noise} noise")
        for snr in (-10, -20, -30, -40)
        for noise in ("Gaussian", "Impulse")
    ],
    "nmer_table3": [("a",), ("v",), ("l",), ("a, v",), ("a, l",), ("v, l",), ("Avg",)],
    "nmer_table4": [("a",), ("v",), ("l",)],
    "nmer_table5": [("-10dB",), ("-20dB",), ("-30dB",), ("-40dB",)],
}


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_lines_read_as_in_the_paper(line):
    name, dataset, label = line
    grid = laid_table(LAYOUTS[name], laid(name, dataset), "caption", [])
    assert grid.heads == [(*head, measure) for head in HEADS[name] for measure in ("WA", "UA")]
    labels = len(LAYOUTS[name]["labels"])
    assert [block[0].cells[labels - 1] for block in grid.blocks] == ROWS[name]
    (block,) = [block for block in grid.blocks if block[0].cells[labels - 1] == label]
    assert [line.cells[labels] for line in block] == ["ours", "paper"]
    assert set(block[0].cells[labels + 1 :]) == {""}
    assert " ".join(block[1].cells[labels + 1 :]) == LINES[line]
    assert laid_csv(LAYOUTS[name], laid(name, dataset)).shape == (
        7 * len(ROWS[name]),
        labels + 1 + 2 * len(HEADS[name]),
    )


def test_a_published_number_that_was_chosen_on_test_data_is_marked():
    rows = [
        row | {"selects_on_test": row["label"] == "MMIN"} for row in LAYOUTS["nmer_table2"]["rows"]
    ]
    layout = LAYOUTS["nmer_table2"] | {"rows": rows}
    table = lay_out(layout, "IEMOCAP", figures(), numbers("nmer_table2"))
    grid = laid_table(layout, table, "caption", [])
    marked = [block[0].cells[1] for block in grid.blocks if block[-1].cells[2] == "paper ‡"]
    assert marked == ["MMIN"]
    assert all(block[-1].published for block in grid.blocks)
    assert r"paper $\ddagger$" in to_latex(grid)
    pd.testing.assert_frame_equal(
        laid_csv(layout, table), laid_csv(layout, laid("nmer_table2", "IEMOCAP"))
    )


def test_the_papers_sizes(tmp_path):
    """Table 1 of a corpus that has one utterance of each class."""
    labels = ["happy", "angry", "sad", "neutral", "bored"]
    names = [f"u{number}" for number in range(5)]
    pd.DataFrame({"utterance": names, "label": labels}).to_csv(tmp_path / "u.csv", index=False)
    part = ["train", "train", "validation", "test", "test"]
    pd.DataFrame({"fold": 1, "part": part, "utterance": names}).to_csv(
        tmp_path / "f.csv", index=False
    )
    table = samples(
        LAYOUTS["nmer_table1"],
        "IEMOCAP",
        [1],
        tmp_path / "u.csv",
        tmp_path / "f.csv",
        numbers("nmer_table1"),
    )
    assert list(table["label"].unique()) == labels
    wide = table.pivot(index="label", columns="measure", values=["mean", "published"])
    assert list(wide.loc[labels, ("mean", "samples")]) == [1, 1, 0, 1, 1]
    assert list(wide.loc[labels[:4], ("published", "samples")]) == [1636, 1103, 1084, 1708]
    assert tuple(wide.loc["happy", "mean"][["train", "test"]]) == (2, 2)
    assert tuple(wide.loc["happy", "published"][["train", "test"]]) == (4446, 557)


def test_an_experiment_gets_the_tables_of_which_it_has_a_cell():
    def tables(*evaluations, **models):
        return tables_of(LAYOUTS, models, list(evaluations))

    assert tables(("m", "n_0dB", "n_0dB"), m="nmer") == ["nmer_table1"]
    same = ("m", "gaussian_-10dB", "gaussian_-10dB")
    assert tables(same, m="nmer") == ["nmer_table1", "nmer_table2", "nmer_table3"]
    assert tables(same, m="mmin") == ["nmer_table1", "nmer_table2"]
    assert tables(same, m="men_augmented") == ["nmer_table1"]
    assert tables(("m", "clean", "gaussian_-10dB"), m="nmer") == ["nmer_table1"]
    none = ("m", "gaussian_0dB_none", "gaussian_0dB")
    assert tables(none, m="unimodal on text") == ["nmer_table1", "nmer_table4"]
    missing = [(m, "missing", "missing") for m in ("c", "m")]
    assert tables(*missing[:1], c="cm_arr") == ["nmer_table1", "cm_arr_missing"]
    assert tables(*missing, c="cm_arr", m="mctn")[1:] == ["cm_arr_missing", "cm_arr_gain"]


NASTY = r"50 % of a_b & c #1 {x} \ ~ ^ < > | * `"


def grid():
    heads = [("x_1", "50 %", "WA"), ("x_1", "50 %", "UA"), ("x_1", "q", "WA"), ("y", "q", "WA")]
    lines = [Line(["IEMOCAP", NASTY, "0.5", "", "± 0.1 (3)", "−0.2"])]
    return Table(NASTY, ["Dataset", "a_b"], heads, [lines, lines], [NASTY])


def test_latex_has_its_parts_and_escapes():
    text = to_latex(grid())
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert all(line.count("&") - line.count(r"\&") == 5 for line in body[3:])
    assert body[0] == r" &  & \multicolumn{3}{c}{x\_1} & \multicolumn{1}{c}{y} \\"
    assert body[1].count(r"\multicolumn{2}{c}{50 \%}") == 1
    assert body[2] == r"Dataset & a\_b & WA & UA & WA & WA \\"
    assert r"\cmidrule(lr){3-5}\cmidrule(lr){6-6}" in text
    assert r"50 \% of a\_b \& c \#1 \{x\} \textbackslash{} \textasciitilde{}" in text
    for rule in ("toprule", "midrule", "bottomrule"):
        assert text.count(f"\\{rule}") == 1
    assert text.count(r"\addlinespace") == 1


def test_markdown_escapes():
    lines = to_markdown(grid()).splitlines()
    assert lines[2].count("|") == 7
    assert r"\\ ~ ^ \< > \| \* \`" in lines[4]
    assert "x_1 50 % WA" in lines[2]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path):
    (tmp_path / "grid.tex").write_text(to_latex(grid()), encoding="utf-8")
    table = laid_table(LAYOUTS["nmer_table2"], laid("nmer_table2", "IEMOCAP"), "c", [])
    (tmp_path / "table.tex").write_text(to_latex(table), encoding="utf-8")
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}"
        "\\input{grid}\\input{table}\\end{document}"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "not found" in done.stdout and ".sty" in done.stdout:
        pytest.skip("the TeX installation lacks booktabs or graphicx")
    assert done.returncode == 0, done.stdout[-2000:]


def test_a_number_without_spread_is_no_zero():
    table = laid("nmer_table4", "IEMOCAP").assign(mean=0.5, n=1.0, sd=np.nan)
    (lines, *_) = laid_table(LAYOUTS["nmer_table4"], table, "c", []).blocks
    assert lines[1].cells[1:3] == ["± sd (n)", "(1)"]
