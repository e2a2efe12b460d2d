"""Charts: pure functions from a view to a Vega-Lite specification, with the same in words and as a table."""
