"""What the stack must keep to. Each rule looks at an expanded template and tells what is wrong, one line per fault."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from local.console import security_headers
from rollcall.engine.engine import LEASE_MARGIN
from rollcall.store.examiner import WAIT_SECONDS
from sync_runner.examiner import MARGIN_SECONDS, SECONDS
from tests.template.expansion import Template

Rule = Callable[[Template], Iterator[str]]

COMMON_ENV = {
    "CONFIG_TABLE",
    "RUN_QUEUE_URL",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_LOG_LEVEL",
    "SIS_ADDRESSES",
}
MALLOC_ENV = {
    "MALLOC_ARENA_MAX",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
}  # the C library reads them
DATA_ENV = {"PEOPLE_TABLE", "BUCKET", "CREDENTIAL_KEY_ID"}
ENVIRONMENTS = {
    "ConfigApi": COMMON_ENV
    | DATA_ENV
    | {"TESTER_FUNCTION", "EXPORTER_FUNCTION", "API_URL", "MAIL_TOPICS", "RUN_FILES_DAYS"},
    "Scheduler": COMMON_ENV | {"EVENT_BUS", "MAIL_TOPICS"},
    "SyncRunner": COMMON_ENV | DATA_ENV | MALLOC_ENV | {"SIS_CONNECTIONS"},
    "ConnectionTester": COMMON_ENV | {"CREDENTIAL_KEY_ID"},
    "Exporter": COMMON_ENV | {"PEOPLE_TABLE", "BUCKET"},
}
FILES = {
    # What was confirmed about a returning school's users the API writes and the runner only reads.
    ("ConfigApiRole", "s3:GetObject"): {"runs", "snapshots", "photos", "reconciliations", "exports"},
    ("ConfigApiRole", "s3:PutObject"): {"reconciliations", "exports"},
    ("ConfigApiRole", "s3:DeleteObject"): {"reconciliations"},
    ("SyncRunnerRole", "s3:GetObject"): {"runs", "snapshots", "reconciliations"},
    ("SyncRunnerRole", "s3:PutObject"): {"runs", "snapshots", "photos"},
    ("SyncRunnerRole", "s3:DeleteObject"): {"snapshots", "runs/*/gathered"},
    ("ExporterRole", "s3:GetObject"): {"exports", "runs"},
    ("ExporterRole", "s3:PutObject"): {"exports"},
    ("ExporterRole", "s3:AbortMultipartUpload"): {"exports"},
}
REGISTRATION = "POST /v1/registrations/{onboarding_id}"
OPEN_ROUTES = {"GET /v1/openapi.json", REGISTRATION}
LEASE_MARGIN_SECONDS = LEASE_MARGIN.total_seconds()
STATEFUL = {"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Cognito::UserPool"}
ALARMED = {
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
    ("AWS/Lambda", "Invocations"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
    ("AWS/ApiGateway", "5xx"),
    ("Rollcall", "RunsFailed"),
    ("Rollcall", "RunsFailingInARow"),
    ("Rollcall", "RunsHeld"),
    ("Rollcall", "SilentIntegrations"),
}


def one_role_per_function(template: Template) -> Iterator[str]:
    """Every function has a role of its own, and only inline policies that are written here."""
    used = Counter(str(function["Role"]) for _, function in _of(template, "AWS::Lambda::Function"))
    yield from (f"{role} is used {count} times" for role, count in used.items() if count > 1)
    for name, role in _of(template, "AWS::IAM::Role"):
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies"


def no_wildcards(template: Template) -> Iterator[str]:
    """No role may do everything of anything, or anything to everything."""
    for role, statement in _statements(template):
        for action in _listed(statement["Action"]):
            if "*" in action:
                yield f"{role} may {action}"
        if "*" in _listed(statement["Resource"]):
            yield f"{role} may {statement['Action']} on every resource"


def no_scans_or_table_deletes(template: Template) -> Iterator[str]:
    """No function reads a whole table, and none deletes from one."""
    forbidden = {"dynamodb:Scan", "dynamodb:DeleteItem", "dynamodb:DeleteTable", "dynamodb:PartiQLSelect"}
    for role, statement in _statements(template):
        for action in forbidden.intersection(_listed(statement["Action"])):
            yield f"{role} may {action}"


EXPORTER_MAY = {
    "logs:CreateLogStream": ["ExporterLogs"],
    "logs:PutLogEvents": ["ExporterLogs"],
    "dynamodb:BatchGetItem": ["PeopleTable"],
    "dynamodb:Query": ["PeopleTable.Arn}/index/by_name"],
    "s3:AbortMultipartUpload": ["Bucket.Arn}/exports/*"],
    "s3:GetObject": ["Bucket.Arn}/exports/*", "Bucket.Arn}/runs/*"],
    "s3:PutObject": ["Bucket.Arn}/exports/*"],
    "s3:ListBucket": ["Bucket"],
    "sqs:SendMessage": ["ExportDeadLetters"],
}


def the_exporter_reads_people_and_writes_exports(template: Template) -> Iterator[str]:
    """Whoever reads everybody, and what runs received of them, can neither change anybody nor read a secret, a
    snapshot or a photo."""
    for role, statement in _statements(template):
        if role != "ExporterRole":
            continue
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                if not any(allowed in str(resource) for allowed in EXPORTER_MAY.get(action, ())):
                    yield f"ExporterRole may {action} on {resource}"
    for name, function in _of(template, "AWS::Lambda::EventInvokeConfig"):
        if function["FunctionName"] == {"Ref": "Exporter"} and "OnFailure" not in str(function):
            yield f"{name} forgets exports that failed"
    for name, bucket in _of(template, "AWS::S3::Bucket"):
        rules = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
        if name == "Bucket" and not any(
            rule.get("Prefix") == "exports/" and "ExpirationInDays" in rule for rule in rules
        ):
            yield "exports are kept for ever"


def credentials_open_only_for_the_runner(template: Template) -> Iterator[str]:
    """The API locks credentials away, runner and tester open them, each only for a named district and integration."""
    allowed = {
        "ConfigApiRole": {"kms:Encrypt"},
        "SyncRunnerRole": {"kms:Decrypt"},
        "ConnectionTesterRole": {"kms:Decrypt"},
    }
    for role, statement in _statements(template):
        actions = {action for action in _listed(statement["Action"]) if action.startswith("kms:")}
        if extra := actions - allowed.get(role, set()):
            yield f"{role} may {', '.join(sorted(extra))}"
        if actions:
            condition = statement.get("Condition", {})
            bound = set(condition.get("Null", {}))
            if bound != {"kms:EncryptionContext:district_id", "kms:EncryptionContext:integration_id"}:
                yield f"{role} uses the key without naming district and integration"
            keys = condition.get("ForAllValues:StringEquals", {}).get("kms:EncryptionContextKeys")
            if keys != ["district_id", "integration_id"]:
                yield f"{role} uses the key with other context"


def the_audit_only_grows(template: Template) -> Iterator[str]:
    """Whoever may change items of the config table may not change those of the audit."""
    table = {"Fn::GetAtt": ["ConfigTable", "Arn"]}
    denied = {
        role: set(_listed(statement["Action"]))
        for role, statement in _statements(template, "Deny")
        if statement["Resource"] == table
        and statement["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["*#AUDIT#*"]}}
    }
    for role, statement in _statements(template):
        if table in _listed(statement["Resource"]):
            changing = {"dynamodb:DeleteItem", "dynamodb:UpdateItem"}.intersection(
                _listed(statement["Action"])
            )
            if left := changing - denied.get(role, set()):
                yield f"{role} may {', '.join(sorted(left))} in the audit"


def photos_are_kept_by_the_runner_and_shown_by_the_api(template: Template) -> Iterator[str]:
    """Nobody else touches photos, and nobody may do more."""
    allowed = {"ConfigApiRole": {"s3:GetObject"}, "SyncRunnerRole": {"s3:PutObject"}}
    found: dict[str, set[str]] = {role: set() for role in allowed}
    for role, statement in _statements(template):
        if any("/photos/" in str(resource) for resource in _listed(statement["Resource"])):
            found.setdefault(role, set()).update(_listed(statement["Action"]))
    for role, actions in found.items():
        if actions != allowed.get(role, set()):
            yield f"{role} may {', '.join(sorted(actions)) or 'nothing'} with photos"


def files_are_for_whom_they_concern(template: Template) -> Iterator[str]:
    """Of the bucket's folders each function reads, writes and deletes those that its work needs, and no other."""
    for role, statement in _statements(template):
        for action in _listed(statement["Action"]):
            if not action.startswith("s3:") or action == "s3:ListBucket":
                continue
            for resource in _listed(statement["Resource"]):
                folder = str(resource["Fn::Sub"]).removeprefix("${Bucket.Arn}/").removesuffix("/*")
                if folder not in FILES.get((role, action), set()):
                    yield f"{role} may {action} in {folder}"


def queues_lose_nothing(template: Template) -> Iterator[str]:
    """A queue that feeds a function outlasts the lease of a dead one, and has dead letters that are kept longer."""
    queues = dict(_of(template, "AWS::SQS::Queue"))
    functions = dict(_of(template, "AWS::Lambda::Function"))
    for _, mapping in _of(template, "AWS::Lambda::EventSourceMapping"):
        name = mapping["EventSourceArn"]["Fn::GetAtt"][0]
        queue, function = queues[name], functions[mapping["FunctionName"]["Ref"]]
        if queue.get("VisibilityTimeout", 30) < function["Timeout"] + LEASE_MARGIN_SECONDS:
            yield f"{name} hands a message out again while it is worked on"
        redrive = queue.get("RedrivePolicy")
        if redrive is None:
            yield f"{name} has no dead-letter queue"
            continue
        dead = queues[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]]
        if not 3 <= redrive["maxReceiveCount"] <= 5:
            yield f"{name} tries {redrive['maxReceiveCount']} times"
        if dead.get("MessageRetentionPeriod", 345600) <= queue.get("MessageRetentionPeriod", 345600):
            yield f"the dead letters of {name} are not kept longer than its messages"
        if dead.get("FifoQueue") != queue.get("FifoQueue"):
            yield f"{name} and its dead-letter queue are of two kinds"
    for name, queue in queues.items():
        if not queue.get("SqsManagedSseEnabled") and not queue.get("KmsMasterKeyId"):
            yield f"{name} is not encrypted"


def messages_are_taken_singly(template: Template) -> Iterator[str]:
    """A function takes one message at a time, says which failed, and leaves room for others in the account."""
    for name, mapping in _of(template, "AWS::Lambda::EventSourceMapping"):
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} does not report partial failures"
        if mapping.get("BatchSize") != 1:
            yield f"{name} takes more than one message at a time"
        if not mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            yield f"{name} has no limit"


def functions_are_set_up(template: Template) -> Iterator[str]:
    """Every function has exactly the settings it reads, explicit limits, and its own log group."""
    functions = dict(_of(template, "AWS::Lambda::Function"))
    if functions.keys() != ENVIRONMENTS.keys():
        yield f"the functions are {sorted(functions)}"
    for name, function in functions.items():
        found = set(function.get("Environment", {}).get("Variables", {}))
        if found != ENVIRONMENTS.get(name, set()):
            yield f"{name} has the settings {sorted(found)}"
        if not 0 < function.get("Timeout", 0) <= 900 or "MemorySize" not in function:
            yield f"{name} has no explicit limits"
        if "LogGroup" not in function.get("LoggingConfig", {}):
            yield f"{name} has no log group of its own"
    if functions.get("SyncRunner", {}).get("RecursiveLoop") != "Allow":
        yield "SyncRunner would be stopped after sixteen slices"


def logs_end(template: Template) -> Iterator[str]:
    """No log is kept for ever."""
    for name, group in _of(template, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in group:
            yield f"{name} is kept for ever"


def data_outlives_the_stack(template: Template) -> Iterator[str]:
    """Deleting or replacing the stack deletes no data."""
    for name, resource in template["Resources"].items():
        if resource["Type"] in STATEFUL:
            policies = {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")}
            if not policies <= {"Retain", "RetainExceptOnCreate"}:
                yield f"{name} goes with its stack"


def tables_are_safe(template: Template) -> Iterator[str]:
    """A table can be restored, is encrypted with a key of the account, and is not deleted by accident."""
    for name, table in _of(template, "AWS::DynamoDB::Table"):
        if not table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
            yield f"{name} cannot be restored"
        if not table.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a key of the account"
        if "DeletionProtectionEnabled" not in table:
            yield f"{name} can be deleted by accident"


def buckets_and_keys_are_safe(template: Template) -> Iterator[str]:
    """A bucket is private and encrypted, and what later runs need does not expire in it; keys are rotated."""
    for name, bucket in _of(template, "AWS::S3::Bucket"):
        block = bucket.get("PublicAccessBlockConfiguration", {})
        if len(block) != 4 or not all(block.values()):
            yield f"{name} may be opened to the public"
        if "BucketEncryption" not in bucket:
            yield f"{name} is not encrypted"
        for rule in bucket.get("LifecycleConfiguration", {}).get("Rules", []):
            for kept in ("snapshots", "photos", "reconciliations"):
                if "ExpirationInDays" in rule and f"{kept}/".startswith(rule.get("Prefix", "")):
                    yield f"{name} lets {kept} expire"
    for name, key in _of(template, "AWS::KMS::Key"):
        if not key.get("EnableKeyRotation"):
            yield f"{name} is never rotated"


def alarms_reach_somebody(template: Template) -> Iterator[str]:
    """Everything that can go wrong unseen has an alarm, and every alarm tells somebody."""
    alarms = list(_of(template, "AWS::CloudWatch::Alarm"))
    for name, alarm in alarms:
        if not alarm.get("AlarmActions") or not alarm.get("OKActions"):
            yield f"{name} tells nobody"
        if not alarm.get("AlarmDescription"):
            yield f"{name} does not say what it means"
    found = {(alarm["Namespace"], alarm["MetricName"]) for _, alarm in alarms}
    yield from (f"no alarm on {metric}" for metric in sorted(ALARMED - found))
    read = {str(mapping["EventSourceArn"]) for _, mapping in _of(template, "AWS::Lambda::EventSourceMapping")}
    for queue, _ in _of(template, "AWS::SQS::Queue"):
        watched = any(
            queue in str(alarm.get("Dimensions"))
            and alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
            for _, alarm in alarms
        )
        if not watched and not any(queue in arn for arn in read):
            yield f"no alarm on what nobody takes from {queue}"


def api_is_closed(template: Template) -> Iterator[str]:
    """Every route asks for a token, except those that cannot; the rate is limited, most where strangers write."""
    for name, route in _of(template, "AWS::ApiGatewayV2::Route"):
        open_route = route.get("AuthorizationType", "NONE") == "NONE"
        if open_route and route["RouteKey"] not in OPEN_ROUTES:
            yield f"{name} is open to everybody"
        if not open_route and "AuthorizationScopes" not in route:
            yield f"{name} takes an ID token for an access token"
    for name, stage in _of(template, "AWS::ApiGatewayV2::Stage"):
        limits = stage.get("DefaultRouteSettings", {})
        if not {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= limits.keys():
            yield f"{name} has no rate limit"
        registration = stage.get("RouteSettings", {}).get(REGISTRATION, {})
        if not 0 < registration.get("ThrottlingRateLimit", 0) <= 5:
            yield f"{name} lets strangers register as fast as they like"
        log = stage.get("AccessLogSettings", {})
        if "DestinationArn" not in log:
            yield f"{name} has no access log"
        for secret in ("$context.path", "querystring", "$context.requestOverride"):
            if secret in str(log.get("Format")):
                yield f"{name} logs {secret}"


CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
_HEADERS = "AWS::CloudFront::ResponseHeadersPolicy"
CALLS = {
    ("ConfigApiRole", str({"Fn::GetAtt": [function, "Arn"]})) for function in ("ConnectionTester", "Exporter")
}


def the_tester_changes_nothing(template: Template) -> Iterator[str]:
    """The tester reads mappings and opens credentials; the API alone may call it, and of others the exporter."""
    allowed = {
        "logs:CreateLogStream", "logs:PutLogEvents", "dynamodb:BatchGetItem", "kms:Decrypt",
    }  # fmt: skip
    for role, statement in _statements(template):
        actions = set(_listed(statement["Action"]))
        if role == "ConnectionTesterRole" and actions - allowed:
            yield f"the tester may {', '.join(sorted(actions - allowed))}"
        called = statement["Resource"] if "lambda:InvokeFunction" in actions else None
        if called and (role, str(called)) not in CALLS:
            yield f"{role} may call {called}"


def only_the_scheduler_tells(template: Template) -> Iterator[str]:
    """The scheduler puts events on the stack's own bus and mails to its topics; the API only keeps the lists."""
    lists = {"sns:CreateTopic", "sns:ListSubscriptionsByTopic", "sns:Subscribe", "sns:Unsubscribe"}
    allowed = {"SchedulerRole": {"events:PutEvents", "sns:Publish"}, "ConfigApiRole": lists}
    bus = {"Fn::GetAtt": ["EventBus", "Arn"]}
    for role, statement in _statements(template):
        actions = {
            action for action in _listed(statement["Action"]) if action.startswith(("events:", "sns:"))
        }
        if extra := actions - allowed.get(role, set()):
            yield f"{role} may {', '.join(sorted(extra))}"
        for resource in _listed(statement["Resource"]) if actions else []:
            if resource != bus and not str(resource).endswith("${AWS::StackName}-district-*'}"):
                yield f"{role} tells {resource}"


def callers_wait_for_the_tester(template: Template) -> Iterator[str]:
    """Each waits a little longer than the one it calls: SIS, tester, API, API Gateway."""
    functions = dict(_of(template, "AWS::Lambda::Function"))
    tester, api = functions["ConnectionTester"]["Timeout"], functions["ConfigApi"]["Timeout"]
    (gateway,) = (i["TimeoutInMillis"] / 1000 for _, i in _of(template, "AWS::ApiGatewayV2::Integration"))
    waits = (SECONDS + MARGIN_SECONDS, tester + 1, WAIT_SECONDS + 1, api, gateway)
    if list(waits) != sorted(waits) or not tester < WAIT_SECONDS < api < gateway:
        yield f"a connection test is given up too early: {waits}"


def the_console_is_private_and_strict(template: Template) -> Iterator[str]:
    """The console's files leave its bucket through CloudFront alone, the API is never cached, and both have the headers
    that the local stack sends.
    """
    (console,) = (item["DistributionConfig"] for _, item in _of(template, "AWS::CloudFront::Distribution"))
    ways = {way["PathPattern"]: way for way in console["CacheBehaviors"]}
    if ways["/v1/*"]["CachePolicyId"] != CACHING_DISABLED:
        yield "answers of the API are cached"
    for way in (console["DefaultCacheBehavior"], *ways.values()):
        if way["ViewerProtocolPolicy"] == "allow-all":
            yield f"{way['TargetOriginId']} is served without encryption"
        if way.get("ResponseHeadersPolicyId") != {"Ref": "ConsoleHeaders"}:
            yield f"{way['TargetOriginId']} is served without security headers"
    (policy,) = (item["ResponseHeadersPolicyConfig"] for _, item in _of(template, _HEADERS))
    sent = _sent(policy)
    for header, value in security_headers("${sign_in}").items():
        if sent.get(header) != value:
            yield f"{header} is {sent.get(header)}"
    policies = dict(_of(template, "AWS::S3::BucketPolicy"))
    for statement in policies["ConsoleBucketPolicy"]["PolicyDocument"]["Statement"]:
        if statement["Effect"] == "Allow" and "AWS:SourceArn" not in str(statement.get("Condition")):
            yield "the console's bucket answers to others than its distribution"


def _sent(policy: dict[str, Any]) -> dict[str, str]:
    """What CloudFront makes of a response headers policy."""
    known = policy["SecurityHeadersConfig"]
    transport = known["StrictTransportSecurity"]
    sub_domains = "; includeSubDomains" if transport["IncludeSubdomains"] else ""
    return {
        "Content-Security-Policy": known["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"][0],
        "Strict-Transport-Security": f"max-age={transport['AccessControlMaxAgeSec']}{sub_domains}",
        "X-Content-Type-Options": "nosniff" if "ContentTypeOptions" in known else "",
        "X-Frame-Options": known["FrameOptions"]["FrameOption"],
        "Referrer-Policy": known["ReferrerPolicy"]["ReferrerPolicy"],
        **{item["Header"]: item["Value"] for item in policy["CustomHeadersConfig"]["Items"]},
    }


RULES: tuple[Rule, ...] = (
    one_role_per_function,
    no_wildcards,
    no_scans_or_table_deletes,
    the_exporter_reads_people_and_writes_exports,
    credentials_open_only_for_the_runner,
    the_audit_only_grows,
    photos_are_kept_by_the_runner_and_shown_by_the_api,
    files_are_for_whom_they_concern,
    queues_lose_nothing,
    messages_are_taken_singly,
    functions_are_set_up,
    logs_end,
    data_outlives_the_stack,
    tables_are_safe,
    buckets_and_keys_are_safe,
    alarms_reach_somebody,
    api_is_closed,
    the_tester_changes_nothing,
    only_the_scheduler_tells,
    callers_wait_for_the_tester,
    the_console_is_private_and_strict,
)


def _of(template: Template, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _statements(template: Template, effect: str = "Allow") -> Iterator[tuple[str, dict[str, Any]]]:
    """What the roles allow, or deny, statement by statement."""
    for name, role in _of(template, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == effect:
                    yield name, statement


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
