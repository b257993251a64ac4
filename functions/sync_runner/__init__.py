"""Takes one message off the run queue and does one slice of one run."""
