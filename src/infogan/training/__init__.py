"""Training: the loop, the machine it runs on, checkpoints, health."""
