"""Runs given to others and taken from them, by way of the Hugging Face Hub or of a folder."""
