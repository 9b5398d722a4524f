"""The information theory that InfoGAN stands on. Everything is in nats unless a unit is asked for."""
