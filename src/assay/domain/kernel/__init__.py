"""The words every other idea is made of."""
