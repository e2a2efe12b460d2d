"""What happened, provably: the journal, its tree, its signed checkpoints and the proofs handed to an auditor."""
