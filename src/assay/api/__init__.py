"""The HTTP API: reads requests, calls one workflow, lays the answer out as JSON."""
