"""A server with a generator that takes its time: ``slow_server.py PORT MARK``; MARK tells when it begins and stops."""

import sys
import time
from pathlib import Path

from api.serving import serve
from api.settings import load as load_server
from rag.settings import load


class Slow:
    name = "slow"

    def generate(self, request):
        try:
            if request.task == "answer":
                mark("begun")
                yield "First "
                for _ in range(600):
                    time.sleep(0.1)
                    yield ""
        finally:
            mark("stopped")


def mark(word):
    with Path(sys.argv[2]).open("a", encoding="utf-8") as file:
        file.write(f"{word}\n")


if __name__ == "__main__":
    server = load_server(port=int(sys.argv[1]), drain_seconds=1.0, grace_seconds=20)
    serve(load(threshold=0.0), server, generators={"slow": Slow()})
