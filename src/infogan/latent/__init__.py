"""The generator's input: noise and named codes, and what Q says of them."""
