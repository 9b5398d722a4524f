"""What a user holds after training: one file of weights, settings and classes."""
