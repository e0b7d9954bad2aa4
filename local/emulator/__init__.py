"""The AWS endpoint on 127.0.0.1: MiniStack, with some of its gaps closed.

Each gap has a module, and a test in ``tests/integration/test_gaps.py`` that fails when the emulator
no longer has the gap. There was no upstream issue for any of them when it was found:
https://github.com/ministackorg/ministack/issues
"""
