"""Makes exports: files of a whole district, in its own time."""
