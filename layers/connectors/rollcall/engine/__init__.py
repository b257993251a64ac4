"""Pull → plan → guard → apply → commit: a state machine that takes its clock, stores and connector as arguments."""
