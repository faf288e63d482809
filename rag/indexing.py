"""The write path: keeps a collection in step with a folder or a file of articles."""
