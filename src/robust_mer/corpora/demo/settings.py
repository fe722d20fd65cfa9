"""Settings of the demo corpus."""

from typing import Annotated

from pydantic import Field

from robust_mer.settings import Settings


class DemoSettings(Settings):
    """Settings of `robust_mer.corpora.demo.corpus.DemoCorpus`."""

    sessions: Annotated[int, Field(ge=1, le=5)] = 5
    """Sessions, each with an actress and an actor of its own."""
    dialogues_per_session: Annotated[int, Field(ge=1, le=99)] = 6
    """Dialogues of a session."""
    utterances_per_dialogue: Annotated[int, Field(ge=6, le=999)] = 12
    """Utterances of a dialogue; every sixth is of none of the four classes, as in real corpora."""
    frames_per_second: Annotated[int, Field(ge=1, le=60)] = 5
    """Frame rate of the video in Hz."""
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 1
    """Another seed gives another corpus."""
