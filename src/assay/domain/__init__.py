"""Ideas in, verdicts out: no I/O, no clock, no chance."""
