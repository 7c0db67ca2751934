"""Runs its arguments, but for the first, on a terminal of their own; types the first once it is asked."""

import os, pty, signal, sys

signal.alarm(60)
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, typed = b"", False
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:  # The other end is closed.
        break
    if not some:
        break
    seen += some
    if not typed and b"taken for a yes: " in seen:
        os.write(terminal, sys.argv[1].encode())
        typed = True
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
