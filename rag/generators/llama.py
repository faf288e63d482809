"""The program of the child process that runs a GGUF: llama.cpp's HTTP server, on loopback, while the parent lives.

It is run as a script and imports nothing of Askpress. The first line of its standard input is a JSON object with
``path``, ``key``, ``context`` and ``threads``; the end of the input is the end of the parent. Once the model is loaded,
it writes a line of the key and the port to its standard output. It fetches nothing and reads no file but the one named.
"""

import ctypes
import json
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PROMPT_CACHE = 128  # MiB: a few prompts, so that their common beginning is read once


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    wanted = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()

    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["path"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [wanted["key"]]
    params.n_ctx = wanted["context"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"] or -1  # -1: as many as cores
    params.n_parallel = 1
    params.cache_ram_mib = PROMPT_CACHE
    params.swa_full = True  # else the beginning of a prompt cannot be taken over from the last one
    params.offline = True
    params.ui = False
    params.fit_params = False
    params.verbosity = 1  # errors; more would repeat prompts
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:  # llama.cpp has written why to the standard error
        sys.exit(str(error))
    print(wanted["key"], server.listening_address.rpartition(":")[2], flush=True)  # noqa: T201 - read by the parent
    threading.Event().wait()


def _end_with_parent() -> None:
    """Where there is no PR_SET_PDEATHSIG; loading holds the interpreter, so it may take as long as that."""
    os.read(sys.stdin.fileno(), 1)  # no buffer, whose lock would be in the way when main() fails
    os._exit(0)


if __name__ == "__main__":
    main()
