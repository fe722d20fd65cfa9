"""The demo corpus: two actors talk, in IEMOCAP's layout, with some of IEMOCAP's flaws.

An utterance's emotion shows in its words, its voice and its face, each drawn on its own and each
only so clearly that about three quarters of the utterances can be classified. What one modality
hides another may show, as in real corpora, so joining them helps.
"""

import multiprocessing
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from robust_mer.corpora.demo.settings import DemoSettings
from robust_mer.corpora.generator import Generator
from robust_mer.errors import InputError
from robust_mer.garbage import collect_rarely
from robust_mer.jobs import die_with_parent, log, progress, without_main

_README = "README.txt"
_README_TEXT = (
    "A generated corpus with the layout of IEMOCAP, made by robust-mer.\n"
    "Nobody in it said or felt anything: espeak-ng speaks, and a public-domain photograph by NASA\n"
    "is warped to expressions. For trying the pipeline only; results on it mean nothing.\n"
)


class DemoCorpus(Generator):
    """Makes a corpus that stands for ``IEMOCAP_full_release``."""

    settings_class = DemoSettings
    settings: DemoSettings

    def make(self, root: Path, threads: int) -> None:
        """See `Generator`. An older demo corpus in the folder is replaced.

        Raises:
            InputError: the folder holds something else, which is left alone.
        """
        settings = self.settings
        if root.exists() and any(root.iterdir()) and not _is_demo(root):
            raise InputError(
                f"{root} contains something other than a demo corpus and is not overwritten; "
                "choose another folder, or delete it yourself"
            )
        unfinished = root.with_name(f".{root.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        (unfinished / _README).write_text(_README_TEXT, encoding="utf-8")
        dialogues = [
            (unfinished, settings, session, index)
            for session in range(1, settings.sessions + 1)
            for index in range(settings.dialogues_per_session)
        ]
        log.info("making %d dialogues in %s", len(dialogues), root)
        with ProcessPoolExecutor(
            min(threads, len(dialogues)), multiprocessing.get_context("spawn"), _begin_worker
        ) as workers:
            with without_main():
                made = workers.map(_make_dialogue, *zip(*dialogues, strict=True))
            for _ in progress(made, len(dialogues), "dialogues"):
                pass
        if root.exists():
            shutil.rmtree(root)
        unfinished.rename(root)


def _is_demo(root: Path) -> bool:
    readme = root / _README
    return readme.is_file() and readme.read_text(encoding="utf-8") == _README_TEXT


def _begin_worker() -> None:
    collect_rarely()
    import cv2

    die_with_parent()
    cv2.setNumThreads(1)


def _make_dialogue(root: Path, settings: DemoSettings, session: int, index: int) -> None:
    from robust_mer.corpora.demo.dialogue import make_dialogue

    make_dialogue(root, settings, session, index)
