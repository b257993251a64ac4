"""Rollcall on one machine: the same template, deployed to an AWS emulator, with nothing but Python."""
