"""What a selection on test data would see: the outputs for the test part after every epoch.

Only an audit of the price of such a selection reads them; training and the choice of the epoch do
not. Source of the question: G. C. Cawley and N. L. C. Talbot, "On Over-fitting in Model Selection
and Subsequent Selection Bias in Performance Evaluation", JMLR 11 (2010), pp. 2079-2107.
"""

from dataclasses import dataclass, field

import pandas as pd
import torch
from torch import Tensor

from robust_mer.data import LabelledCorpus
from robust_mer.engine.nets import Nets
from robust_mer.engine.replica import ReplicaData
from robust_mer.protocol import conditions
from robust_mer.training.held_out import HeldOutPart


@dataclass(eq=False)
class Peeked:
    """Outputs of a replica for its test part, under its training corruptions and conditions."""

    replica: ReplicaData
    corpus: LabelledCorpus
    corruptions: list[str]
    """Names of the replica's corruptions."""
    outputs: list[Tensor] = field(default_factory=list)
    """After every epoch [conditions, n, outputs]: the conditions of the first corruption, then
    those of the next."""

    def table(self) -> pd.DataFrame:
        """A row per epoch, corruption, condition and utterance.

        Returns:
            Columns ``utterance, fold, seed, epoch, corruption, condition`` and those of the task's
            targets and answers; see `Task.answer_columns`.
        """
        task, rows = self.corpus.task, self.replica.parts["test"]
        names = {clean: name for name, clean in conditions(list(self.corpus.features)).items()}
        settings = [
            (corruption, names[tuple(is_clean.tolist())])
            for corruption, each in zip(self.corruptions, self.replica.conditions, strict=True)
            for is_clean in each.is_clean
        ]
        tables = []
        for epoch, outputs in enumerate(self.outputs, start=1):
            for (corruption, condition), output in zip(settings, outputs, strict=True):
                columns = task.prediction_columns(self.corpus.target[rows], output)
                tables.append(
                    pd.DataFrame(
                        {
                            "utterance": [self.corpus.utterances[row] for row in rows],
                            "fold": self.replica.fold,
                            "seed": self.replica.seed,
                            "epoch": epoch,
                            "corruption": corruption,
                            "condition": condition,
                            **{name: columns[name] for name in task.answer_columns},
                        }
                    )
                )
        return pd.concat(tables, ignore_index=True)


def peek(nets: Nets, part: HeldOutPart, peeked: dict[int, Peeked]) -> None:
    """Keep the outputs for the test part after an epoch.

    Args:
        nets: Replicas that train as one.
        part: Their test parts.
        peeked: By place in the nets, those that are kept.
    """
    outputs, _ = part.outputs(nets)
    for place, one in peeked.items():
        utterances = len(one.replica.parts["test"])
        one.outputs.append(torch.cat([output[place, :, :utterances] for output in outputs]).cpu())
