"""The version of what is deployed: an output of each stack, and a field of each log line.

``CHANGELOG.md`` says what is in it.
"""

VERSION = "0.2.0"
