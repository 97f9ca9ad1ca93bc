"""`python -m coopgov.fakes.child`: a fake as the child of another program, which it never outlives.

The parent holds the other end of our standard input. However the parent ends, even killed, that end is closed then,
and the fake stops in good order, writing what it has to write. Works wherever there are pipes.
"""

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path

from coopgov.fakes.opencollective import server as opencollective
from coopgov.fakes.stripe import server as stripe

LONGEST_STOP_S = 15.0  # after that it ends as it is


def main() -> None:
    """Serves the fake that the arguments name until standard input ends, SIGTERM or SIGINT comes."""
    asked = _arguments()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        if asked.fake == "stripe":
            stripe.serve(asked.port, secret=asked.secret, webhook_url=asked.tell, state=asked.file)
        else:
            opencollective.serve(asked.port, data=asked.file, token=asked.secret, nudge_url=asked.tell)
    except (OSError, ValueError, LookupError) as error:
        sys.exit(f"{asked.fake}: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m coopgov.fakes.child", description=__doc__)
    parser.add_argument("fake", choices=("stripe", "opencollective"))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--file", type=Path, help="state of the fake Stripe, story of the fake Open Collective")
    parser.add_argument("--secret", required=True, help="signs the fake Stripe's events; Open Collective's token")
    parser.add_argument("--tell", help="the address that is told what happens")
    return parser.parse_args()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LONGEST_STOP_S)
    os._exit(1)


if __name__ == "__main__":
    main()
