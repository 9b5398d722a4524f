"""Training: the trainer, what one step looks at, where its results go, and the machine."""
