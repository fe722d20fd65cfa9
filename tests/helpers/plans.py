"""Plans of configs that tests change."""

import copy
from pathlib import Path
from typing import Any

import yaml

from robust_mer.plan.plan import Plan

ROOT = Path(__file__).parents[2]
DEFAULT: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
# What tests count on, whatever the demo is.
DEFAULT["run"] = ["demo"]
DEFAULT["experiments"]["demo"] |= {
    "corruptions": ["clean", "gaussian_-10dB", "gaussian_-40dB", "impulse_-10dB"],
    "folds": [1, 2],
    "seeds": [1],
}


class Wildcards(dict[str, str]):
    """Wildcards as Snakemake gives them."""

    def __getattr__(self, name: str) -> str:
        return self[name]


def default_config() -> dict[str, Any]:
    """A copy of the default config, of which one experiment runs, with two folds and one seed."""
    return copy.deepcopy(DEFAULT)


def plan_of(raw: dict[str, Any]) -> Plan:
    """The plan of a config."""
    return Plan(raw, published=str(ROOT / "resources/published"))


def config_with(*files: str, root: str | Path = ROOT) -> dict[str, Any]:
    """The default config with files of ``resources/experiments``; all corpora are in ``root``."""
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    raw = default_config()
    for name in files:
        update_config(raw, load_configfile(str(ROOT / f"resources/experiments/{name}.yaml")))
    for corpus in raw["corpora"].values():
        if "generator" not in corpus and corpus["reader"] != "joined":
            corpus["root"] = str(root)
    return raw
