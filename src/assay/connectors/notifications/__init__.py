"""Ways on which what happened leaves this program."""
