"""Spectral normalisation (Miyato et al. 2018, arXiv:1802.05957): a weight over its largest singular
value, so that a layer enlarges no difference between two inputs and D stays smooth."""

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

DOUBLINGS = 6  # of the power of the Gram matrix: 64 steps of the power iteration


def spectral(network: nn.Module) -> None:
    """Put every convolution and fully connected layer of a network under the norm."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            register_parametrization(layer, "weight", Spectral())


class Spectral(nn.Module):
    """W [outputs, ...] -> W / sigma. The published code keeps a singular vector from step to step;
    here sigma is a function of W alone, so that a run resumes and averages as any other."""

    def forward(self, weight: Tensor) -> Tensor:
        matrix = weight.flatten(1).float()
        matrix = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
        with torch.no_grad():
            power = matrix @ matrix.T
            for _ in range(DOUBLINGS):
                power = power / power.diagonal().sum().clamp_min(1e-30)
                power = power @ power
            vector = power[:, power.diagonal().argmax()]
            vector = vector / vector.norm().clamp_min(1e-30)
        sigma: Tensor = (vector @ matrix).norm().clamp_min(1e-12)
        return weight / sigma.to(weight.dtype)
