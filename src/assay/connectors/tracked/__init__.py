"""What every reader of a tracker shares: how it is found, how a run becomes evidence, how a folder is read safely."""
