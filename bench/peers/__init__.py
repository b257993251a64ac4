"""What a user would pick instead of Rollcall, each set up as well as we know how, for Aeries' students.

These run in the virtual environment of ``requirements/bench.txt`` and import nothing else of the project.
"""
