"""One read model a page, each in a bounded number of statements."""
