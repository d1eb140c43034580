"""Mails: what they say (`templates`) and how they leave (`sender`).

Knows no database and no configuration.
"""
