"""Programs that Askpress is measured beside, each run as ``python -m bench.peers.NAME MODEL`` in its own environment.

What a program needs beyond Askpress's own libraries stands, pinned, in ``NAME.txt``: `uv pip compile` of the program,
less what Askpress has too, so that all of them run on the same torch, transformers, sentence-transformers and FAISS.
"""
