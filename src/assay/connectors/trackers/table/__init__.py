"""Reads runs from tables: CSV, JSON, JSON Lines and Parquet."""
