"""Every minute: asks for the runs that are due, looks after runs that nobody works on any more, and tells people."""
