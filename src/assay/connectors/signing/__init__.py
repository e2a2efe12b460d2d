"""Who vouches for a checkpoint: keys, signatures, and the verifier an auditor runs without Assay."""
