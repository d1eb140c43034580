"""The analyzer's pages, one module each; `frame.py` is what they have in common."""
