"""Every minute: asks for the runs that are due, and looks after runs that nobody works on any more."""
