"""The AWS endpoint on 127.0.0.1: MiniStack, with its gaps closed one by one.

Each gap has a module and a question in ``tests/integration/test_gaps.py``, which fails once the
emulator has no such gap any more. None of them had an issue upstream when it was found:
https://github.com/ministackorg/ministack/issues
"""
