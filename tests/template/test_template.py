"""The template keeps to the rules, and every rule can tell when it does not."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.template.expansion import ROOT, Template, expand, source
from tests.template.rules import (
    RULES,
    Rule,
    alarms_reach_somebody,
    api_is_closed,
    buckets_and_keys_are_safe,
    callers_wait_for_the_tester,
    credentials_open_only_for_the_runner,
    data_outlives_the_stack,
    files_are_for_whom_they_concern,
    functions_are_set_up,
    logs_end,
    messages_are_taken_singly,
    no_scans_or_table_deletes,
    no_wildcards,
    one_role_per_function,
    only_the_scheduler_tells,
    photos_are_kept_by_the_runner_and_shown_by_the_api,
    queues_lose_nothing,
    tables_are_safe,
    the_audit_only_grows,
    the_console_is_private_and_strict,
    the_exporter_reads_people_and_writes_exports,
    the_tester_changes_nothing,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_template_keeps_to(rule: Rule) -> None:
    assert list(rule(expand(source()))) == []


def _properties(name: str) -> Callable[[Template], dict[str, Any]]:
    return lambda template: template["Resources"][name]["Properties"]


def _statement(role: str, sid: str) -> Callable[[Template], dict[str, Any]]:
    def find(template: Template) -> dict[str, Any]:
        statements = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        (found,) = [statement for statement in statements if statement["Sid"] == sid]
        return found

    return find


def _resource(name: str) -> Callable[[Template], dict[str, Any]]:
    return lambda template: template["Resources"][name]


_GONE = object()

# rule, where the template is spoiled, the key there, its bad value, and a part of what the rule must say
SPOILED: list[tuple[Rule, Callable[[Template], dict[str, Any]], str, Any, str]] = [
    (
        the_console_is_private_and_strict,
        lambda template: template["Resources"]["Console"]["Properties"]["DistributionConfig"][
            "CacheBehaviors"
        ][0],
        "CachePolicyId",
        "658327ea-f89d-4fab-a63d-7e88639e58f6",
        "are cached",
    ),
    (
        the_console_is_private_and_strict,
        lambda template: template["Resources"]["Console"]["Properties"]["DistributionConfig"][
            "DefaultCacheBehavior"
        ],
        "ViewerProtocolPolicy",
        "allow-all",
        "without encryption",
    ),
    (
        the_console_is_private_and_strict,
        lambda template: template["Resources"]["Console"]["Properties"]["DistributionConfig"][
            "DefaultCacheBehavior"
        ],
        "ResponseHeadersPolicyId",
        _GONE,
        "without security headers",
    ),
    (
        the_console_is_private_and_strict,
        lambda template: template["Resources"]["ConsoleHeaders"]["Properties"]["ResponseHeadersPolicyConfig"][
            "SecurityHeadersConfig"
        ]["ReferrerPolicy"],
        "ReferrerPolicy",
        "unsafe-url",
        "Referrer-Policy is unsafe-url",
    ),
    (
        the_console_is_private_and_strict,
        lambda template: template["Resources"]["ConsoleBucketPolicy"]["Properties"]["PolicyDocument"][
            "Statement"
        ][0],
        "Condition",
        {},
        "others than its distribution",
    ),
    (
        one_role_per_function,
        _properties("Scheduler"),
        "Role",
        {"Fn::GetAtt": ["ConfigApiRole", "Arn"]},
        "is used 2 times",
    ),
    (
        one_role_per_function,
        _properties("SchedulerRole"),
        "ManagedPolicyArns",
        ["arn:x"],
        "has managed policies",
    ),
    (no_wildcards, _statement("SchedulerRole", "FindDue"), "Action", "dynamodb:*", "may dynamodb:*"),
    (no_wildcards, _statement("SchedulerRole", "FindDue"), "Resource", "*", "every resource"),
    (
        no_scans_or_table_deletes,
        _statement("ConfigApiRole", "ReadPeople"),
        "Action",
        ["dynamodb:Scan"],
        "may dynamodb:Scan",
    ),
    (
        the_exporter_reads_people_and_writes_exports,
        _statement("ExporterRole", "Exports"),
        "Resource",
        {"Fn::Sub": "${Bucket.Arn}/*"},
        "may s3:GetObject",
    ),
    (
        the_exporter_reads_people_and_writes_exports,
        _statement("ExporterRole", "ReadPeople"),
        "Action",
        ["dynamodb:BatchGetItem", "dynamodb:PutItem"],
        "may dynamodb:PutItem",
    ),
    (
        the_exporter_reads_people_and_writes_exports,
        lambda template: template["Resources"]["Exporter"]["Properties"]["EventInvokeConfig"],
        "DestinationConfig",
        _GONE,
        "forgets exports",
    ),
    (
        the_exporter_reads_people_and_writes_exports,
        lambda template: template["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"],
        "Rules",
        [],
        "kept for ever",
    ),
    (
        credentials_open_only_for_the_runner,
        _statement("ConfigApiRole", "LockCredentials"),
        "Action",
        ["kms:Encrypt", "kms:Decrypt"],
        "ConfigApiRole may kms:Decrypt",
    ),
    (
        credentials_open_only_for_the_runner,
        _statement("SyncRunnerRole", "OpenCredentials"),
        "Condition",
        {},
        "without naming",
    ),
    (
        the_audit_only_grows,
        _statement("SyncRunnerRole", "LeaveTheAuditAlone"),
        "Action",
        "dynamodb:DeleteItem",
        "SyncRunnerRole may dynamodb:UpdateItem in the audit",
    ),
    (
        the_audit_only_grows,
        _statement("ConfigApiRole", "LeaveTheAuditAlone"),
        "Condition",
        {"StringLike": {"dynamodb:LeadingKeys": ["lakeview#AUDIT#*"]}},
        "ConfigApiRole may dynamodb:UpdateItem in the audit",
    ),
    (
        photos_are_kept_by_the_runner_and_shown_by_the_api,
        _statement("SyncRunnerRole", "KeepPhotos"),
        "Action",
        ["s3:PutObject", "s3:DeleteObject"],
        "SyncRunnerRole may s3:DeleteObject, s3:PutObject with photos",
    ),
    (
        photos_are_kept_by_the_runner_and_shown_by_the_api,
        _statement("ConfigApiRole", "ReadPhotos"),
        "Resource",
        {"Fn::Sub": "${Bucket.Arn}/runs/*"},
        "ConfigApiRole may nothing with photos",
    ),
    (
        buckets_and_keys_are_safe,
        _properties("Bucket"),
        "LifecycleConfiguration",
        {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1, "Prefix": "reconciliations/"}]},
        "reconciliations expire",
    ),
    (
        files_are_for_whom_they_concern,
        _statement("SyncRunnerRole", "KnowReconciledUsers"),
        "Action",
        ["s3:GetObject", "s3:PutObject"],
        "SyncRunnerRole may s3:PutObject in reconciliations",
    ),
    (
        files_are_for_whom_they_concern,
        _statement("ConfigApiRole", "Reconcile"),
        "Resource",
        {"Fn::Sub": "${Bucket.Arn}/*"},
        "ConfigApiRole may s3:DeleteObject",
    ),
    (queues_lose_nothing, _properties("RunQueue"), "RedrivePolicy", _GONE, "no dead-letter queue"),
    (queues_lose_nothing, _properties("RunQueue"), "VisibilityTimeout", 300, "hands a message out again"),
    (queues_lose_nothing, _properties("RunDeadLetters"), "MessageRetentionPeriod", 345600, "not kept longer"),
    (queues_lose_nothing, _properties("RunDeadLetters"), "FifoQueue", _GONE, "two kinds"),
    (queues_lose_nothing, _properties("RunDeadLetters"), "SqsManagedSseEnabled", False, "not encrypted"),
    (queues_lose_nothing, _properties("SyncRunner"), "Timeout", 900, "hands a message out again"),
    (functions_are_set_up, _properties("SyncRunner"), "RecursiveLoop", _GONE, "sixteen slices"),
    (functions_are_set_up, _properties("SyncRunner"), "LoggingConfig", _GONE, "no log group"),
    (
        functions_are_set_up,
        _properties("Scheduler"),
        "Environment",
        {"Variables": {"SECRET": "x"}},
        "Scheduler has the settings",
    ),
    (functions_are_set_up, _properties("Scheduler"), "Timeout", _GONE, "no explicit limits"),
    (logs_end, _properties("SchedulerLogs"), "RetentionInDays", _GONE, "kept for ever"),
    (data_outlives_the_stack, _resource("PeopleTable"), "DeletionPolicy", "Delete", "goes with its stack"),
    (
        tables_are_safe,
        _properties("PeopleTable"),
        "PointInTimeRecoverySpecification",
        _GONE,
        "restored",
    ),
    (tables_are_safe, _properties("PeopleTable"), "SSESpecification", _GONE, "not encrypted"),
    (tables_are_safe, _properties("PeopleTable"), "DeletionProtectionEnabled", _GONE, "by accident"),
    (buckets_and_keys_are_safe, _properties("Bucket"), "PublicAccessBlockConfiguration", _GONE, "public"),
    (buckets_and_keys_are_safe, _properties("Bucket"), "BucketEncryption", _GONE, "not encrypted"),
    (
        buckets_and_keys_are_safe,
        _properties("Bucket"),
        "LifecycleConfiguration",
        {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]},
        "snapshots expire",
    ),
    (
        buckets_and_keys_are_safe,
        _properties("Bucket"),
        "LifecycleConfiguration",
        {"Rules": [{"Status": "Enabled", "Prefix": "photos/", "ExpirationInDays": 9}]},
        "photos expire",
    ),
    (buckets_and_keys_are_safe, _properties("CredentialKey"), "EnableKeyRotation", False, "never rotated"),
    (alarms_reach_somebody, _properties("DeadLettersAlarm"), "AlarmActions", [], "tells nobody"),
    (alarms_reach_somebody, _properties("DeadLettersAlarm"), "AlarmDescription", _GONE, "what it means"),
    (
        alarms_reach_somebody,
        _properties("DeadLettersAlarm"),
        "MetricName",
        "NumberOfMessagesSent",
        "no alarm on",
    ),
    (
        alarms_reach_somebody,
        _properties("RunsHeldAlarm"),
        "MetricName",
        "RunsCompleted",
        "no alarm on ('Rollcall', 'RunsHeld')",
    ),
    (api_is_closed, _properties("ApiRoute"), "AuthorizationType", "NONE", "open to everybody"),
    (api_is_closed, _properties("ApiRoute"), "AuthorizationScopes", _GONE, "ID token"),
    (api_is_closed, _properties("ApiStage"), "DefaultRouteSettings", _GONE, "no rate limit"),
    (api_is_closed, _properties("ApiStage"), "RouteSettings", _GONE, "as fast as they like"),
    (
        api_is_closed,
        _properties("RegistrationRoute"),
        "RouteKey",
        "ANY /v1/registrations/{id}",
        "open to everybody",
    ),
    (api_is_closed, _properties("ApiStage"), "AccessLogSettings", _GONE, "no access log"),
    (
        api_is_closed,
        _properties("ApiStage"),
        "AccessLogSettings",
        {"Format": "$context.path"},
        "logs $context.path",
    ),
    (
        the_tester_changes_nothing,
        _statement("ConnectionTesterRole", "ReadMappings"),
        "Action",
        ["dynamodb:BatchGetItem", "dynamodb:PutItem"],
        "the tester may dynamodb:PutItem",
    ),
    (
        the_tester_changes_nothing,
        _statement("ConfigApiRole", "TestConnections"),
        "Resource",
        {"Fn::GetAtt": ["SyncRunner", "Arn"]},
        "ConfigApiRole may call",
    ),
    (
        only_the_scheduler_tells,
        _statement("ConfigApiRole", "KeepMailingLists"),
        "Action",
        ["sns:Publish"],
        "ConfigApiRole may sns:Publish",
    ),
    (
        only_the_scheduler_tells,
        _statement("SchedulerRole", "TellPeople"),
        "Resource",
        {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:*"},
        "SchedulerRole tells",
    ),
    (callers_wait_for_the_tester, _properties("ConnectionTester"), "Timeout", 28, "too early"),
    (callers_wait_for_the_tester, _properties("ConfigApi"), "Timeout", 15, "too early"),
    (callers_wait_for_the_tester, _properties("ApiIntegration"), "TimeoutInMillis", 16000, "too early"),
]


@pytest.mark.parametrize(
    ("rule", "where", "key", "value", "complaint"),
    SPOILED,
    ids=[f"{rule.__name__}-{key}-{number}" for number, (rule, _, key, _, _) in enumerate(SPOILED)],
)
def test_a_rule_sees_a_spoiled_template(
    rule: Rule, where: Callable[[Template], dict[str, Any]], key: str, value: Any, complaint: str
) -> None:
    template = source()
    if value is _GONE:
        del where(template)[key]
    else:
        where(template)[key] = value
    faults = list(rule(expand(template)))
    assert any(complaint in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("key", "value", "complaint"),
    [
        ("FunctionResponseTypes", _GONE, "partial"),
        ("BatchSize", 10, "more than one"),
        ("ScalingConfig", _GONE, "no limit"),
    ],
)
def test_a_rule_sees_a_spoiled_event_source(key: str, value: Any, complaint: str) -> None:
    template = source()
    event = template["Resources"]["SyncRunner"]["Properties"]["Events"]["RunQueue"]["Properties"]
    if value is _GONE:
        del event[key]
    else:
        event[key] = value
    assert any(complaint in fault for fault in messages_are_taken_singly(expand(template)))


def test_every_rule_is_shown_to_fail() -> None:
    assert {rule for rule, *_ in SPOILED} | {messages_are_taken_singly} == set(RULES)


@pytest.mark.parametrize("form", ["sam", "expanded"])
def test_cfn_lint_finds_nothing(form: str, tmp_path: Path) -> None:
    path = ROOT / "template.yaml"
    if form == "expanded":
        path = tmp_path / "expanded.json"
        path.write_text(json.dumps(expand(source())))
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "us-east-1", "--template", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_parameter_says_what_it_is_for() -> None:
    assert [
        name for name, parameter in source()["Parameters"].items() if "Description" not in parameter
    ] == []


def test_the_layer_and_the_tests_hold_the_same_versions() -> None:
    """What is tested is what ships."""
    assert _pins("layers/connectors/requirements.txt").items() <= _pins("requirements/dev.txt").items()


def _pins(path: str) -> dict[str, str]:
    lines = (ROOT / path).read_text().splitlines()
    found = (line.split(" ")[0].split("==") for line in lines if line[:1].isalnum())
    return dict(found)
