"""The settings of a run: their types, files, options and named presets."""
