"""Where evidence comes from and where signatures are made."""
