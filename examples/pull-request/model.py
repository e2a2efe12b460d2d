"""The model that pull requests change."""

from sklearn.ensemble import RandomForestClassifier


def make_model(seed: int) -> RandomForestClassifier:
    """A forest that reads digits."""
    return RandomForestClassifier(n_estimators=100, random_state=seed)
