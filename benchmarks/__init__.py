"""Measured figures. Absolute times are printed; only ratios against an alternative of the same run can fail."""
