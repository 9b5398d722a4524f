"""What every other part builds on: errors, random streams, atomic writing, interrupts, tables."""
