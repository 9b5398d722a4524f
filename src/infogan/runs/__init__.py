"""The run folder: its files, its lock, its checkpoints and a user's names."""
