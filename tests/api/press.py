"""Two articles, and how to read a stream of events."""

NANNING = "Nanning a réuni 300 délégués en 2025. La ville accueille la conférence sur l'IA."
CONSUL = "The consul spoke in San Francisco about the project. He thanked the 40 engineers."


def fill(client, **headers):
    assert client.put("/v1/collections/press", headers=headers).status_code in (200, 201)
    articles = [
        {"id": "nanning", "title": "Nanning", "text": NANNING, "language": "fr", "published": "2025-12-07",
         "url": "https://baoquocte.vn/nanning"},
        {"id": "consul", "title": "The consul", "text": CONSUL, "language": "en", "outlet": "Valley Post"},
    ]  # fmt: skip
    done = client.post("/v1/collections/press/articles", json={"articles": articles}, headers=headers)
    assert done.status_code == 201, done.text
    return done.json()


def events_of(response):
    """The events of a stream as (name, data as text); comments are left out."""
    found = []
    for block in response.text.split("\n\n"):
        fields = [line.split(": ", 1) for line in block.splitlines() if not line.startswith(":")]
        if fields:
            found.append((dict(fields)["event"], "\n".join(value for name, value in fields if name == "data")))
    return found
