"""The optimiser of replicas that train as one."""

import torch
from torch import Tensor
from torch.optim.adam import adam

from robust_mer.engine.nets import Nets
from robust_mer.models.optimisation import Optimisation

_BETA2, _EPSILON = 0.999, 1e-8  # torch's own


class Optimiser:
    """torch's Adam or AdamW over replicas that need not all take a step at the same time.

    torch's optimisers in the form of classes would import torch's compiler, which takes more than a
    second and 180 MB.

    Args:
        nets: The replicas.
        settings: Of their model.
    """

    def __init__(self, nets: Nets, settings: Optimisation) -> None:
        self._nets, self._settings = nets, settings
        self._rate = settings.learning_rate
        self._state: list[dict[str, Tensor]] = [
            {
                "step": torch.zeros((), device=nets.device),
                "exp_avg": torch.zeros_like(weights),
                "exp_avg_sq": torch.zeros_like(weights),
            }
            for weights in nets.weights
        ]

    def set_epoch(self, epoch: int) -> float:
        """The learning rate of an epoch (from 1): constant, then falling linearly towards zero."""
        constant, falling = self._settings.epochs_constant, self._settings.epochs_falling
        factor = 1 - max(0, epoch - constant) / (falling + 1)
        self._rate = self._settings.learning_rate * factor
        return self._rate

    @torch.no_grad()
    def step(self, which: list[int]) -> None:
        """One step of some replicas.

        Each of them is one parameter, so the fused kernel goes through all of them in one call.
        """
        settings, states = self._settings, [self._state[replica] for replica in which]
        adam(
            [self._nets.weights[replica] for replica in which],
            [self._nets.gradient[replica] for replica in which],
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            decoupled_weight_decay=settings.optimiser == "adamw",
            amsgrad=False,
            beta1=settings.beta1,
            beta2=_BETA2,
            lr=self._rate,
            weight_decay=settings.weight_decay,
            eps=_EPSILON,
            maximize=False,
        )

    def state(self, replica: int) -> dict[str, Tensor]:
        """A replica's moments and count of steps."""
        return self._state[replica]

    def load(self, replica: int, state: dict[str, Tensor]) -> None:
        """Take over a replica's state."""
        device = self._nets.device
        self._state[replica] = {name: value.to(device) for name, value in state.items()}
