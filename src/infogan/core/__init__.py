"""What every other part stands on: errors, random streams, atomic writing, interruption, tables."""
