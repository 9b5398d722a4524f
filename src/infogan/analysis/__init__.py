"""What is measured on models and runs, and what follows from it."""
