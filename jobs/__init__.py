"""Background jobs: each calls one use-case and decides nothing."""
