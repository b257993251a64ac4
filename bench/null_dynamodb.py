"""A DynamoDB that keeps nothing: it takes every batch, or hands back a part of some. For measuring who writes.

    python -m bench.null_dynamodb PORT [SHARE [SECONDS]]

``SHARE`` of the batches, from 0 to 1, get their last item back as unprocessed; each answer takes ``SECONDS``. One line
of JSON to its standard output for a ``GET``: what it was sent so far.
"""
