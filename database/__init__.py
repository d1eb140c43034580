"""PostgreSQL: the engine, the embedded server, the migrations, and one function per statement.

Functions take an open `Connection` and never commit: the use-case that called them owns the transaction.
"""
