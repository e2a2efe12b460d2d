"""What may come of the work that goes on, as a range with its chances."""
