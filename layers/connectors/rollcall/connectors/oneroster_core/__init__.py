"""What every OneRoster server has in common; the packages beside it say what is particular to one."""
