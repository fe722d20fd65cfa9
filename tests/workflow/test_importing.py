"""Another repository imports the workflow as a module, and runs start in other folders."""

import re
import shutil

import pytest
import yaml
from helpers.project import ROOT, Project, warm_python

IMPORTING = ROOT / "tests/importing"


def plan(project, *arguments):
    """What a dry run prints."""
    snakemake = project.command("--dry-run", "--quiet", *arguments, configfiles=())[:-1]
    done = project.run_command([warm_python(), *snakemake])
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def importing(tmp_path):
    folder = tmp_path / "importing"
    shutil.copytree(IMPORTING, folder)
    config = yaml.safe_load((folder / "config.yaml").read_text())
    config["robust_mer"] = str(ROOT / "Snakefile")
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    return Project(folder)


def test_another_workflow_imports_all_rules(importing):
    text = plan(importing, "rules")
    for rule in ("mer_make_corpus", "mer_train_model_fold1", "mer_write_summary", "best_model"):
        assert re.search(rf"^{rule} +1$", text, re.MULTILINE), text


def test_the_importing_workflow_says_where_results_and_logs_go(importing):
    text = plan(importing, "host")
    files = re.findall(r"\S+(?:\.csv|\.h5|\.log|\.tsv)\b", text)
    assert "out/emotions/demo/logs/index_corpus.log" in files, text
    assert not [file for file in files if file.startswith("results/")]


def test_a_config_moves_the_results(tmp_path):
    config = tmp_path / "config/config.yaml"
    config.parent.mkdir()
    config.write_text("pathvars: {results: elsewhere}\n")
    text = plan(Project(tmp_path), "host", "--snakefile", str(ROOT / "Snakefile"), "index")
    assert "elsewhere/demo/raw" in text
    assert "elsewhere/demo/logs/index_corpus.log" in text


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_the_small_run_is_found_in_its_folder(tmp_path, snakefile):
    shutil.copytree(ROOT / ".test/config", tmp_path / "run/config")
    folder = str(tmp_path / "run")
    place = ("--snakefile", str(ROOT / snakefile), "--directory", folder)
    text = plan(Project(tmp_path), "rules", *place)
    assert re.search(r"^train_teacher_fold1 +1$", text, re.MULTILINE), text
    assert re.search(r"^train_model_fold1 +[1-9]$", text, re.MULTILINE), text
    assert re.search(r"^write_report +1$", text, re.MULTILINE), text
