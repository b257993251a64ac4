"""What holds for every test."""

from hypothesis import HealthCheck, settings

# How fast a machine is says nothing of whether code is right: a busy one failed tests for taking their time.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
