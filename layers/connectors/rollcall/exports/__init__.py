"""Files for applications: made of what a destination may know of people, and of nothing else."""
