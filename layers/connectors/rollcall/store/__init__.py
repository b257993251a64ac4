"""The outside, behind the ports of ``rollcall.domain.ports``: DynamoDB, S3, SQS and KMS, and memory for
tests.
"""
