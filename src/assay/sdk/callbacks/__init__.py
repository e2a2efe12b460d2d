"""Runs of the training libraries that are installed: each module brings its library when it is used, and asks no other for it."""
