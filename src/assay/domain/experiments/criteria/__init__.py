"""Criteria: the numbers that decide, written down beforehand. One class, one text form, one parser."""
