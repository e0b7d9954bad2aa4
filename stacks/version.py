"""The version of the deployed code: an output of each stack, and a field of each log line.

``CHANGELOG.md`` lists its changes.
"""

VERSION = "0.2.0"
