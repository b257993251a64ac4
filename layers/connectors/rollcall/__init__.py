"""Rollcall: keeps school applications in step with Student Information Systems.

Rooms, innermost first: ``domain`` (what things are, no I/O) ← ``connectors`` (how each SIS speaks)
← ``engine`` (pull, plan, guard, apply, commit) and ``store`` (AWS behind the domain's ports).
"""
