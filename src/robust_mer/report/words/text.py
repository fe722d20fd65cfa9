"""Words and escapes that tables, figures and the page share."""

import re
from collections.abc import Sequence


def count(number: int, noun: str) -> str:
    """A number with its noun: ``1 fold``, ``10 folds``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: ``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def escape_markdown(text: str) -> str:
    """A text as a cell or a line of Markdown."""
    return re.sub(r"([\\|*<`])", r"\\\1", text)


def unescape_markdown(text: str) -> str:
    """A text without the backslashes of `escape_markdown`."""
    return re.sub(r"\\([\\|*<`])", r"\1", text)


_LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": "$<$",
        ">": "$>$",
        "±": r"$\pm$",
        "−": "$-$",
        "×": r"$\times$",
        "†": r"$\dagger$",
        "‡": r"$\ddagger$",
    }
)


def escape_latex(text: str) -> str:
    """A text as LaTeX shows it."""
    return text.translate(_LATEX)


def marked(model: str, is_mask_aware: bool) -> str:
    """A model's name, marked if it knows which modalities are corrupted."""
    return f"{model} †" if is_mask_aware else model


def trained_elsewhere(name: str, training: str) -> str:
    """The name of a model that was trained on another corruption than it is tested on."""
    return f"{name} (trained on {training})"


def folds_and_seeds(folds: int, seeds: int) -> str:
    """How much was run."""
    return f"{count(folds, 'fold')}, {count(seeds, 'seed')}"
