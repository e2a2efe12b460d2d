"""Reads DVC: the folders that DVCLive writes."""
