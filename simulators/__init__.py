"""Simulators of Student Information Systems over one invented district."""
