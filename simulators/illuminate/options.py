"""Switches of the Illuminate simulator."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Options:
    """Each field whose behaviour the fact sheet marks unknown says what the default picks.

    `root_dir`: `live`, or `dna` as tenants without the SIS have.
    `scalars`: ids are numbers (`mixed`, as recorded), everything is `text`, or whatever looks like a number is one
      (`numeric`: leading zeros are gone).
    `shape`: Sites and GradeLevels are arrays and the rest is paged (`documented`), or everything is `array` or `paged`.
    `default_limit`, `max_limit`: rows per page without `limit`, and the most there are.
    `empty_num_pages`: what `num_pages` says when there are no results.
    `past_end`: a page after the last is `empty`, or 404 (`missing`).
    `missing`, `missing_as`: endpoints this tenant lacks, and what they answer: `404` or the login page (`html`).
    `error_body`: bodies of 4xx answers are `json`, `html` or `empty`.
    `clock_window`, `reject_reused_nonces`: how old a signature may be in seconds, and whether it works once only.
    `visible_sites`: site ids the user may see; none means all.
    `students_listed`: those with an enrollment in the school `year`, those `enrolled` on the day, or `all`.
    `student_key`: the district's number is `local_student_id`, `district_student_id` or `both` in Students.
    `leave_date`: the last day attended (`last_day`) or the first day not attended any more (`day_after`).
    `out_of_session`: without a session on the day, the `nearest` one counts, or the `last` that began.
    `grade_id_offset`: added to every grade level id: tenants number them differently.
    `pseudo_sites`: graduates and leavers stand enrolled in sites that are not schools.
    `contact_shape`: phones and addresses are lists (`nested`), or there is one flat row for each phone (`flat`).
    `null_relationships`, `restraining_orders`: some contacts have no type; some of those outside the home an order.
    `cache_seconds`: how long an answer is served after the records changed; real servers say 7200.
    """

    consumer_token: str = "4f1c9a7be02d"
    consumer_secret: str = "c3d92e6f8b1a47055e9d0c7b6a31f8e24d5079bc"
    user_token: str = "9B3E71C5A0D4"
    user_secret: str = "71e0bd5a93c846f2d8a10e7f5b62c9d430fa81e6"
    root_dir: str = "live"
    scalars: str = "mixed"
    shape: str = "documented"
    default_limit: int = 100
    max_limit: int = 1000
    empty_num_pages: int = 0
    past_end: str = "empty"
    missing: frozenset[str] = frozenset()
    missing_as: str = "404"
    error_body: str = "json"
    clock_window: int = 300
    reject_reused_nonces: bool = True
    visible_sites: frozenset[str] = frozenset()
    students_listed: str = "year"
    student_key: str = "local_student_id"
    leave_date: str = "last_day"
    out_of_session: str = "nearest"
    grade_id_offset: int = 0
    pseudo_sites: bool = False
    contact_shape: str = "nested"
    null_relationships: bool = False
    restraining_orders: bool = False
    cache_seconds: int = 0
