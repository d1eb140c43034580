"""Rules of this repository that no published linter knows. Run by `make check`."""
