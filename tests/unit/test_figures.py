import re
from xml.etree import ElementTree

import pandas as pd
import pytest
from helpers.figures import SVG, experiment, row, texts_of

from robust_mer.evaluation.figures.snr_curves import COLOURS, draw_snr_curves


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


def draw(folder, table, **changes):
    table.to_csv(folder / "all.csv", index=False)
    draw_snr_curves(experiment(**changes), folder / "f.svg", folder / "f.pdf", folder / "all.csv")
    return (folder / "f.svg").read_text()


def test_panels_lines_and_names(tmp_path):
    svg = draw(tmp_path, summary())
    texts = texts_of(svg)
    assert texts.count("WA") == texts.count("UA") == 2
    assert texts.count("gaussian") == texts.count("impulse") == 2
    assert texts.count("clean") == 4
    assert {"0", "−10", "−40", "men † (trained on clean)", "<nmer> $x_1$"} <= set(texts)
    assert "chance (most frequent class)" in texts
    assert any("Generated faces" in text for text in texts)
    assert len(re.findall(r'id="FillBetweenPolyCollection_\d+"', svg)) == 2 * 2 * 2
    assert COLOURS[0].lower() in svg
    assert COLOURS[1].lower() in svg


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
    assert texts.count("dropped") == 2
    assert "SNR (dB)" not in texts


def test_a_line_may_be_absent_from_a_panel(tmp_path):
    table = summary(noises=["gaussian"], levels=[0, -10])
    other = row("men", "pink_0dB", "pink_0dB", "same", "pink", 0, 0.5)
    texts = texts_of(draw(tmp_path, pd.concat([table, pd.DataFrame([other])])))
    assert texts.count("pink") == 2


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


def test_a_single_level_is_a_point_with_a_bar(tmp_path):
    svg = draw(tmp_path, summary(noises=["gaussian"], levels=[-10]))
    assert "FillBetween" not in svg
    # in two panels, two models with a bar each for clean and for −10 dB
    assert len(re.findall(r'id="LineCollection_\d+"', svg)) == 2 * 2


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
