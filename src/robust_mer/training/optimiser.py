"""The optimiser of replicas that train as one."""

import torch
from torch import Tensor, nn

from robust_mer.engine.nets import Nets
from robust_mer.models.optimisation import Optimisation

_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


class Optimiser:
    """torch's Adam or AdamW over replicas that need not all take a step at the same time.

    Args:
        nets: The replicas.
        settings: Of their model.
    """

    def __init__(self, nets: Nets, settings: Optimisation) -> None:
        self._nets, self._settings = nets, settings
        # Each replica is one parameter, so that one call of the fused kernel updates them all.
        self._replicas = [nn.Parameter(weights) for weights in nets.weights]
        self._optimiser = _OPTIMISERS[settings.optimiser](
            self._replicas,
            lr=settings.learning_rate,
            betas=(settings.beta1, 0.999),
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def set_epoch(self, epoch: int) -> float:
        """The learning rate of an epoch (from 1): constant, then falling linearly towards zero."""
        constant, falling = self._settings.epochs_constant, self._settings.epochs_falling
        factor = 1 - max(0, epoch - constant) / (falling + 1)
        rate = self._settings.learning_rate * factor
        self._optimiser.param_groups[0]["lr"] = rate
        return rate

    def step(self, replicas: list[int]) -> None:
        """One step of ``replicas``."""
        for replica in replicas:
            self._replicas[replica].grad = self._nets.gradient[replica]
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)

    def state(self, replica: int) -> dict[str, Tensor]:
        """A replica's moments and step count."""
        state: dict[str, Tensor] = self._optimiser.state[self._replicas[replica]]
        return state

    def load(self, replica: int, state: dict[str, Tensor]) -> None:
        """Restore a replica's `state`."""
        device = self._nets.device
        self._optimiser.state[self._replicas[replica]] = {
            name: value.to(device) for name, value in state.items()
        }
