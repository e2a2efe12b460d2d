"""Trains the model with one seed and writes whether each held-out digit was read right.

Plain scikit-learn: nothing here knows Assay.

    python evaluate.py 1 results/seed-1
"""

import csv
import sys
from pathlib import Path

from model import make_model
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def main(seed: int, out: Path) -> None:
    images, digits = load_digits(return_X_y=True)
    # The same 899 pictures are held out for every seed and every version, so that they are compared picture by picture.
    learn, held_out = train_test_split(range(len(digits)), test_size=0.5, random_state=0, stratify=digits)
    model = make_model(seed).fit(images[learn], digits[learn])
    answers = model.predict(images[held_out])
    with (out / "scores.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["sample_id", "accuracy", "digit"])
        for number, answer in zip(held_out, answers, strict=True):
            right = int(answer == digits[number])
            rows.writerow([f"picture-{number:04d}", right, f"digit {digits[number]}"])


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
