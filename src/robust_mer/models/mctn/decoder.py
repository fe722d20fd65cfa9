"""MCTN's decoders: from a code to the elements of a target."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from robust_mer.models.mctn.sequences import masked_softmax, product


class Decoder(nn.Module):
    """LSTM with additive attention on a code (Bahdanau et al. 2015). It holds weights for `decode`.

    Args:
        width: Dimensions of an element of the target.
        hidden: Of the code and of the LSTM.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.LSTMCell(hidden, hidden)
        self.output = nn.Linear(hidden, width)

    def write(self, states: Tensor, width: int) -> Tensor:
        """The first ``width`` dimensions of the elements [B, S, width] from states [B, S, H]."""
        return functional.linear(states, self.output.weight[:width], self.output.bias[:width])


def decode(decoders: list[Decoder], codes: Tensor, count: Tensor, steps: int) -> Tensor:
    """States of some decoders.

    From h_0 = c_0 = 0: a_k = softmax_i(v tanh(W h_{k-1} + b + U E_i)) and
    h_k, c_k = LSTM(sum_i a_ki E_i, h_{k-1}, c_{k-1}).

    Args:
        decoders: K of them.
        codes: E of each, [K, B, N, H].
        count: How many elements of a code are real, [K, B].
        steps: How many elements to decode.

    Returns:
        [K, B, steps, H].
    """

    def stacked(part: str, name: str) -> Tensor:
        return torch.stack([getattr(getattr(decoder, part), name) for decoder in decoders])

    keys = product(codes, stacked("key", "weight"))
    score, from_context = stacked("score", "weight"), stacked("cell", "weight_ih").mT
    # Query and gates are computed from the state in one product.
    from_state = torch.cat([stacked("query", "weight"), stacked("cell", "weight_hh")], dim=1).mT
    bias_of_gates = stacked("cell", "bias_ih") + stacked("cell", "bias_hh")
    bias = torch.cat([stacked("query", "bias"), bias_of_gates], dim=1)[:, None]
    hidden = codes.shape[3]
    state = cell = torch.zeros_like(codes[:, :, 0])
    states = []
    for _ in range(steps):
        query, gates = torch.baddbmm(bias, state, from_state).split([hidden, 4 * hidden], dim=2)
        scores = product((query[:, :, None] + keys).tanh(), score)[..., 0]
        context = (masked_softmax(scores, count)[:, :, None] @ codes)[:, :, 0]
        enter, keep, candidate, leave = (gates + context @ from_context).chunk(4, dim=2)
        cell = keep.sigmoid() * cell + enter.sigmoid() * candidate.tanh()
        state = leave.sigmoid() * cell.tanh()
        states.append(state)
    return torch.stack(states, dim=2)
