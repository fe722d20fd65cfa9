"""Messages of a run before its first job."""

from pathlib import Path

from robust_mer.corpora.index import changed_media
from robust_mer.plan.plan import Plan


def changed_media_messages(plan: Plan) -> list[str]:
    """A message for each corpus whose recordings have changed, which alone reruns nothing."""
    messages = []
    for corpus in plan.recorded_corpora:
        media = Path(plan.layout.media(corpus.name))
        changed = changed_media(media, corpus.config.root) if media.exists() else []
        if changed:
            number = "1 recording has" if len(changed) == 1 else f"{len(changed)} recordings have"
            messages.append(
                f"{corpus.name}: {number} changed since indexing, the first: {changed[0]}. To "
                "read them again: snakemake --forcerun index_corpus extract_features ..."
            )
    return messages
