"""The AWS endpoint on 127.0.0.1: MiniStack, with its gaps closed one by one."""
