"""Reading and writing each idea, one module an idea; a transaction is all of them over one session."""
