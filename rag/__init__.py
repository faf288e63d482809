"""Ask a collection of press articles a question; every sentence of the answer shows the words that support it."""
