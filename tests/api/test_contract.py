"""Schemathesis, which reads the description and tries to refute it, against a real server.

On a failure its report is shown, with the seed that repeats it: `st run --seed`.
"""

import subprocess
from pathlib import Path

from processes import BIN, environment, served

CONFIG = Path(__file__).with_name("schemathesis.toml")
# Two of the phases make some 800 requests, whatever is said here; the examples are of the two others.
OPTIONS = "--phases examples,coverage,fuzzing,stateful --max-examples 5 --request-timeout 120 --warnings off --no-color"


def test_the_server_keeps_what_its_description_promises(tmp_path):
    # Requests come as fast as they can, but none before its articles were taken in: jobs would fill the queue (503).
    server = {"RATE": "100000", "BURST": "100000", "QUICK_SECONDS": "60"}
    with served(tmp_path, **{f"RAG_SERVER_{name}": value for name, value in server.items()}) as client:
        for name in ("press", "gone"):
            assert client.put(f"/v1/collections/{name}").status_code == 201
        article = {"text": "Le port de Brest a traité 70 000 conteneurs en mai."}
        assert client.put("/v1/collections/press/articles/brest", json=article).status_code == 201
        answer = client.post("/v1/ask", json={"query": "Qu'est-ce que ViGen ?"}).json()
        done = subprocess.run(
            [BIN / "st", "--config-file", CONFIG, "run", f"{client.base_url}/openapi.json", *OPTIONS.split()],
            env=environment(tmp_path, ANSWER_ID=answer["id"]),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "20/20" in done.stdout, done.stdout
        assert all(f"✅ {phase}" in done.stdout for phase in ("Examples", "Coverage", "Fuzzing", "Stateful")), (
            done.stdout
        )
