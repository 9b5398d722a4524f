"""The one exception tree. Each message names the value at fault and the remedy, in one or two lines."""


class InfoganError(ValueError):
    """Anything that went wrong and that the user can put right."""


class ConfigError(InfoganError):
    """A setting is unknown, malformed or contradicts another."""


class DataError(InfoganError):
    """Images or labels cannot be read as what they claim to be."""


class RunError(InfoganError):
    """A run folder is missing, damaged or holds something else."""


class TrainingError(InfoganError):
    """Training cannot go on, for instance because a loss is no longer finite."""
