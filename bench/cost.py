"""What a night costs in dollars and minutes, from measured units, AWS's list prices and the limits of what is called.

Arithmetic only; ``bench.units`` measures. A quantity of a night is a line over the number of students, fitted through
two measured districts.
"""

from __future__ import annotations

import math

import msgspec


class Prices(msgspec.Struct, frozen=True, kw_only=True):
    """Dollars. us-east-1, without free tiers and discounts, as listed in ``when``."""

    when: str = "2026-11"
    write_units: float = 0.625 / 1e6
    """On demand. aws.amazon.com/dynamodb/pricing/on-demand"""
    read_units: float = 0.125 / 1e6
    blob_writes: float = 5.0 / 1e6
    """PUT, S3 Standard. aws.amazon.com/s3/pricing"""
    blob_reads: float = 0.4 / 1e6
    gigabyte_seconds: float = 0.0000133334
    """Lambda on arm64. aws.amazon.com/lambda/pricing"""
    invocations: float = 0.2 / 1e6
    messages: float = 0.5 / 1e6
    """SQS FIFO. aws.amazon.com/sqs/pricing"""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds a night. Times in seconds, rates per second."""

    page_seconds: float = 0.5
    """The SIS's time for one answer: assumed."""
    connections: int = 4
    """At a time to one SIS, as a stack has it unless told otherwise."""
    table_writes: float = 4000
    """Of a new table on demand."""
    partition_writes: float = 1000
    """Of one partition of a table or an index, however large the table."""
    slice_seconds: float = 300.0
    """A runner's time-out in template.yaml."""
    memory_gigabytes: float = 1769 / 1024
    processor: float = 0.6
    """A Lambda processor against a core of the machine that was measured: assumed."""
    people_per_cpu_second: float = 5000
    """That the writer sends: its goal, which ``bench/writer.py`` checks."""


class Line(msgspec.Struct, frozen=True):
    """``base`` plus ``slope`` for every student."""

    base: float
    slope: float

    @classmethod
    def through(cls, one: tuple[float, float], other: tuple[float, float]) -> Line:
        """The line through two points (students, value), never below nothing. Raises ValueError for one size."""
        (x1, y1), (x2, y2) = one, other
        if x1 == x2:
            raise ValueError("a line needs districts of two sizes")
        slope = max(0.0, (y2 - y1) / (x2 - x1))
        return cls(max(0.0, y1 - slope * x1), slope)

    def at(self, students: int) -> float:
        """The value for a district of this size."""
        return self.base + self.slope * students


class Units(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of night, measured: every quantity as a line over the number of students."""

    requests: Line
    cpu: Line
    """Seconds of the machine that was measured, without writing people."""
    people_written: Line
    write_units: Line
    read_units: Line
    blob_writes: Line
    blob_reads: Line


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A night's dollars by service, and the seconds that each limit asks for."""

    dynamodb: float
    s3: float
    compute: float
    queue: float
    sis_seconds: float
    cpu_seconds: float
    write_seconds: float
    hot_partition_seconds: float
    """Of the same writes if all went to one partition, as they would under a district's key."""
    slices: int

    @property
    def dollars(self) -> float:
        """Everything."""
        return self.dynamodb + self.s3 + self.compute + self.queue

    @property
    def seconds(self) -> float:
        """From the first request to the commit: reading, working and writing one after another."""
        return self.sis_seconds + self.cpu_seconds + self.write_seconds

    @property
    def binds(self) -> str:
        """What takes the most of that time."""
        limits = {
            "SIS": self.sis_seconds,
            "Lambda processor": self.cpu_seconds,
            "table writes": self.write_seconds,
        }
        return max(limits, key=lambda name: limits[name])


def bill(units: Units, students: int, prices: Prices, limits: Limits) -> Bill:
    """What a night of this kind costs a district of this size."""
    written = units.write_units.at(students)
    sis = units.requests.at(students) * limits.page_seconds / limits.connections
    writer = units.people_written.at(students) / limits.people_per_cpu_second
    cpu = (units.cpu.at(students) + writer) / limits.processor
    writing = written / limits.table_writes
    slices = max(1, math.ceil((sis + cpu + writing) / limits.slice_seconds))
    return Bill(
        dynamodb=written * prices.write_units + units.read_units.at(students) * prices.read_units,
        s3=units.blob_writes.at(students) * prices.blob_writes
        + units.blob_reads.at(students) * prices.blob_reads,
        compute=(sis + cpu + writing) * limits.memory_gigabytes * prices.gigabyte_seconds
        + slices * prices.invocations,
        queue=3 * slices * prices.messages,  # sent, received and deleted
        sis_seconds=sis,
        cpu_seconds=cpu,
        write_seconds=writing,
        hot_partition_seconds=written / limits.partition_writes,
        slices=slices,
    )
