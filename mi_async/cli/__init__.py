"""The command line: workflows, demo, emulator, and a command for every declared operation.

Invariant: nothing else imports it; it alone needs the extra ``cli`` and reads the MI_ASYNC_* environment.
"""
