"""How metrics may be called. Apart from what a metric is, for a process that only decodes files asks nothing else."""

import re

METRIC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-/]{0,99}\Z", re.ASCII)
"""What a criterion can write without quotes."""
