"""The server: everything that ``ask`` and ``rag`` can do, over HTTP. Thin; what is not HTTP is in ``rag``."""
