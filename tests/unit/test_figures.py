import re
from xml.etree import ElementTree

import altair
import pandas as pd
import pytest
from helpers.figures import SVG, chart_of, experiment, figure_files, row, texts_of

from robust_mer.report.figures.base import make_figure
from robust_mer.report.figures.registry import FIGURES
from robust_mer.report.figures.style import COLOURS
from robust_mer.report.spec import FigureSpec
from robust_mer.runtime import Runtime
from robust_mer.settings import Plugin


def summary(sd=0.01, noises=("gaussian", "impulse"), levels=(0, -10, -40)):
    rows = []
    for model, trained_on, training in (("men", "clean", "clean"), ("<nmer> $x_1$", None, "same")):
        rows.append(row(model, "clean", "clean", "clean", "clean", None, 0.8, sd, kind="complete"))
        for noise in noises:
            for snr_db in levels:
                name = f"{noise}_{snr_db}dB"
                ua = 0.7 + snr_db / 200
                rows.append(row(model, trained_on or name, name, training, noise, snr_db, ua, sd))
    return pd.DataFrame(rows)


def draw(folder, table, origin=None, **changes):
    table.to_csv(folder / "all.csv", index=False)
    keys = table[["model", "trained_on", "tested_on"]].itertuples(index=False, name=None)
    files = figure_files(folder, summary=folder / "all.csv")
    spec = FigureSpec("snr", Plugin(FIGURES["snr"], {}), experiment(keys, **changes))
    make_figure(spec, files, Runtime(origin=origin))
    return (folder / "f.svg").read_text()


def test_panels_lines_and_names(tmp_path):
    svg = draw(tmp_path, summary())
    texts = texts_of(svg)
    titles = {
        f"{measure}, {noise}" for measure in ("WA", "UA") for noise in ("gaussian", "impulse")
    }
    assert titles <= set(texts)
    assert texts.count("clean") == 4
    assert {"0", "−10", "−40", "men † (trained on clean)", "<nmer> $x_1$"} <= set(texts)
    assert "chance" in texts
    assert len(re.findall(r'id="FillBetweenPolyCollection_\d+"', svg)) == 2 * 2 * 2
    assert COLOURS[0].lower() in svg
    assert COLOURS[1].lower() in svg


def test_prose_stands_in_the_caption_not_in_the_picture(tmp_path):
    texts = texts_of(draw(tmp_path, summary()))
    caption = (tmp_path / "f.txt").read_text()
    assert caption.startswith("Mean over the partial conditions")
    assert caption.endswith("demo, 2 folds, 1 seed. Generated faces: no evidence about people.\n")
    assert not any("Generated" in text or "standard deviation" in text for text in texts)


def test_the_chart_has_the_numbers_of_the_picture(tmp_path):
    draw(tmp_path, summary(noises=["gaussian"]))
    chart, numbers = chart_of(tmp_path / "f.vl.json")
    altair.Chart.from_dict(chart, validate=True)
    assert [panel["title"]["text"] for panel in chart["concat"]] == [
        ["WA, gaussian"],
        ["UA, gaussian"],
    ]
    assert chart["usermeta"]["series"] == {"<nmer> $x_1$": 0, "men †": 1}
    ua = numbers[numbers["panel"] == 1].set_index(["series", "group"])["y"]
    assert ua["<nmer> $x_1$", "gaussian −40 dB"] == pytest.approx(0.5)
    assert ua["men †", "clean"] == pytest.approx(0.8)


def test_all_letters_have_one_size(tmp_path):
    sizes = set(
        re.findall(r"font(?:-size)?: ?(?:[^;]*?)(\d+(?:\.\d+)?)px", draw(tmp_path, summary()))
    )
    assert sizes == {"9"}


def test_noise_grows_to_the_right_of_clean(tmp_path):
    svg = draw(tmp_path, summary(noises=["gaussian"]))
    places = {}
    for element in ElementTree.fromstring(svg).iter(SVG + "text"):
        x = element.get("x") or re.search(r"translate\(([\d.]+)", element.get("transform"))[1]
        places.setdefault("".join(element.itertext()).strip(), float(x))
    assert places["clean"] < places["0"] < places["−10"] < places["−40"]
    assert places["−40"] - places["−10"] == pytest.approx(
        3 * (places["−10"] - places["0"]), rel=0.1
    )


def test_a_rate_has_an_axis_of_its_own(tmp_path):
    table = [row("men", "clean", "clean", "clean", "clean", None, 0.8, kind="complete")]
    for rate in (10, 30, 50):
        table.append(row("men", "clean", f"dropped_{rate}%", "clean", "dropped", None, 0.7))
    texts = texts_of(draw(tmp_path, pd.DataFrame(table)))
    assert {"10", "30", "50", "Rate (%)"} <= set(texts)
    assert {"WA, dropped", "UA, dropped"} <= set(texts)
    assert "SNR (dB)" not in texts


def test_a_line_may_be_absent_under_a_corruption(tmp_path):
    table = summary(noises=["gaussian"])
    other = row("men", "pink_0dB", "pink_0dB", "same", "pink", 0, 0.5)
    texts = texts_of(draw(tmp_path, pd.concat([table, pd.DataFrame([other])])))
    assert "pink 0 dB" in texts


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    first = draw(tmp_path, summary()), (tmp_path / "f.pdf").read_bytes()
    second = draw(tmp_path, summary()), (tmp_path / "f.pdf").read_bytes()
    assert first == second
    assert "<dc:date>" not in first[0]
    assert b"CreationDate" not in first[1]


def test_a_figure_names_what_it_was_made_from_and_no_date(tmp_path):
    svg = draw(tmp_path, summary(), origin="experiment demo; code <0123>")
    told = " ".join(ElementTree.fromstring(svg).find(SVG + "metadata").itertext())
    assert "experiment demo; code <0123>" in told
    assert "f" in told.split()
    assert not re.search(r"20\d\d-\d\d-\d\d", told)
    assert b"experiment demo; code <0123>" in (tmp_path / "f.pdf").read_bytes()


def test_a_curve_needs_three_amounts(tmp_path):
    """Corruptions with fewer stand together in one panel per measure."""
    table = pd.concat([summary(), summary(noises=["pink"], levels=[0, -10])])
    svg = draw(tmp_path, table.drop_duplicates())
    titles = {"WA, gaussian", "UA, impulse"}
    texts = texts_of(svg)
    assert titles <= set(texts)
    assert not {"WA, pink", "UA, pink"} & set(texts)
    chart, numbers = chart_of(tmp_path / "f.vl.json")
    assert len(chart["concat"]) == 6
    groups = numbers.loc[numbers["panel"] == 4, "group"].unique()
    assert list(groups) == ["clean", "pink 0 dB", "pink −10 dB"]
    assert "FillBetween" not in draw(tmp_path, summary(levels=[0, -10]))


@pytest.mark.parametrize(
    "table",
    [
        summary(sd=None),
        summary(noises=[]),
        pd.DataFrame([row("men", "missing", "missing", "same", "missing", None, 0.6)]),
        summary().query("kind == 'average'"),
    ],
    ids=["single values", "clean only", "no SNR", "no clean"],
)
def test_what_is_not_there_is_not_drawn(tmp_path, table):
    texts = texts_of(draw(tmp_path, table, note=None))
    assert ("clean" in texts) == (table["tested_on"] == "clean").any()
    assert ("missing" in texts) == (table["noise"] == "missing").any()
    assert not any("nan" in text for text in texts)
