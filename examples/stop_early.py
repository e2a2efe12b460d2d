"""Trains many small classifiers on the digits of scikit-learn, each with a learning rate of its own, and logs every epoch.

python stop_early.py --ticket EXP-1 --runs 80
python stop_early.py --ticket EXP-3 --rate 0.006 --stop
"""

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits

import assay

EPOCHS = 20
STEPS_AN_EPOCH = 3
LEARNT = 500


def main() -> None:
    parser = argparse.ArgumentParser(description="Log one run a learning rate.")
    parser.add_argument("--ticket", required=True, help="such as EXP-1")
    parser.add_argument("--runs", type=int, default=1, help="so many, with learning rates drawn at random")
    parser.add_argument("--rate", type=float, help="one run with this learning rate")
    parser.add_argument("--upper", action="store_true", help="see the upper part of each picture only")
    parser.add_argument(
        "--stop", action="store_true", help="ask the rules, and leave the loop when they say so"
    )
    args = parser.parse_args()

    pictures, digits = load_digits(return_X_y=True)
    pictures = pictures[:, : 48 if args.upper else 64] / 16
    drawn = 10 ** np.random.default_rng(args.runs).uniform(-2.5, 0.8, args.runs)
    rates = drawn if args.rate is None else [args.rate]
    for seed, rate in enumerate(rates):
        train(args, pictures, digits, seed=seed, rate=float(rate))
    print(f"{args.ticket}: {len(rates)} {'run' if len(rates) == 1 else 'runs'}")


def train(args, pictures, digits, *, seed: int, rate: float) -> None:
    weights = np.random.default_rng(seed).normal(0, 0.01, (pictures.shape[1], 10))
    with assay.experiment(
        args.ticket, seed=seed, config={"rate": f"{rate:.3g}"}, sync=False, quiet=True
    ) as run:
        for epoch in range(EPOCHS):
            loss = learn(weights, pictures[:LEARNT], digits[:LEARNT], rate)
            right = (pictures[LEARNT:] @ weights).argmax(axis=1) == digits[LEARNT:]
            run.log(train_loss=loss, accuracy=right.mean(), step=epoch)
            if args.stop:
                time.sleep(1)  # an epoch of yours takes longer than one of these
                if told := assay.should_stop():
                    print(f"rate {rate:.2g}, epoch {epoch}: {told}")
                    break


def learn(weights, pictures, digits, rate: float) -> float:
    """An epoch of gradient descent on the cross-entropy of a linear model; changes the weights, returns the loss."""
    wanted = np.eye(10)[digits]
    for _ in range(STEPS_AN_EPOCH):
        scores = pictures @ weights
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        said = odds / odds.sum(axis=1, keepdims=True)
        weights -= rate * pictures.T @ (said - wanted) / len(pictures)
    return float(-np.log(np.maximum(said, 1e-12))[wanted == 1].mean())


if __name__ == "__main__":
    main()
