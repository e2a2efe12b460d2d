"""The honest exam: criteria and evidence in, findings and a verdict out."""
