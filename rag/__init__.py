"""Ask a collection of press articles a question; every sentence of the answer shows the words that support it."""

import os

# The products of a question are small: OpenBLAS's threads save it nothing, and wait for the next by spinning.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
