"""A whole run: train, score, draw, report; and several seeds of it."""
