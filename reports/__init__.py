"""Read-only use-cases for admins. Each checks its actor itself and writes nothing."""
