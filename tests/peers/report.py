"""What the reference peers share: one JSON object a line on standard output, and commands of the same form on standard input."""

import json
import sys
import threading

_lock = threading.Lock()


def report(event, **fields):
    with _lock:
        sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
        sys.stdout.flush()


def commands():
    """Each command as a dict, until the end of input."""
    for line in sys.stdin:
        line = line.strip()
        if line:
            yield json.loads(line)


def background(target, *args):
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread
