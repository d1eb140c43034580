"""Mails: how they are written (`composing`), what they say (`*_mail`) and how they leave (`sender`).

Knows no database and no configuration.
"""
