"""Reads Weights & Biases: the `.wandb` files that its client writes, offline and online alike, and a server's API."""
