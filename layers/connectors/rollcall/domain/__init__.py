"""What things are: people, families, mappings, schedules, runs, plans and errors. No I/O, no AWS."""
