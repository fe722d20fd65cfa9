"""Names of classes that published files number."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from robust_mer.errors import InputError


def name_classes(
    numbers: Mapping[str, int],
    given: list[str],
    published: Iterable[Mapping[str, int]],
    location: Path,
) -> dict[int, str]:
    """Our label of each number.

    The sizes of the classes tell the order, where all utterances of a known corpus are there.

    Args:
        numbers: The class of each utterance.
        given: Labels in the order of the numbers, as the user set them. Empty: inferred.
        published: Sizes of the classes of known corpora, by label; within a corpus all different.
        location: Of the numbers, for messages.

    Raises:
        InputError: nothing tells the order, or what is given does not fit the sizes.
    """
    sizes = Counter(numbers.values())
    inferred: dict[int, str] = {}
    for known in published:
        if sorted(known.values()) == sorted(sizes.values()):
            inferred = {
                n: label for n, size in sizes.items() for label in known if known[label] == size
            }
    if not given and not inferred:
        raise InputError(
            f"{location}: the class sizes {dict(sorted(sizes.items()))} match no published corpus; "
            "name the classes in the order of their numbers in the corpus' setting classes"
        )
    named = dict(enumerate(given)) if given else inferred
    if set(sizes) - set(named) or (inferred and named != {**named, **inferred}):
        raise InputError(
            f"{location}: classes {given} do not fit the sizes {dict(sorted(sizes.items()))}"
            + (f"; those are {inferred}" if inferred else "")
        )
    return named
