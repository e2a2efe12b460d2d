"""What travels over the API, one module a noun: bodies that come in, documents that go out."""
