"""What others need to test their own parts against Assay: contracts that any store must keep."""
