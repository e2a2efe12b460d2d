"""Hypothesis, criteria, pre-registration, evidence: the promise an experiment makes."""
