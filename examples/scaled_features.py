"""Trains a linear classifier on the wine data of scikit-learn, with or without scaled features.

Plain scikit-learn and MLflow: nothing here knows Assay, apart from the tags that say what a run belongs to.

    python scaled_features.py --ticket EXP-1 --arm baseline --seeds 1 2 3 4 5
    python scaled_features.py --ticket EXP-1 --arm candidate --seeds 1 2 3
"""

import argparse

import mlflow
from sklearn.datasets import load_wine
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    parser = argparse.ArgumentParser(description="Log one run a seed.")
    parser.add_argument("--ticket", required=True, help="such as EXP-1")
    parser.add_argument("--arm", choices=["candidate", "baseline"], default="candidate")
    parser.add_argument("--seeds", type=int, nargs="+", required=True)
    args = parser.parse_args()

    mlflow.set_tracking_uri("sqlite:///mlflow.db")
    mlflow.set_experiment("scaled features")
    for seed in args.seeds:
        train(args.ticket, args.arm, seed)


def train(ticket: str, arm: str, seed: int) -> None:
    features, labels = load_wine(return_X_y=True)
    # The same 89 examples are held out for every seed, so that runs can be compared example by example.
    learn, held_out, learn_labels, held_out_labels = train_test_split(
        features, labels, test_size=0.5, random_state=0, stratify=labels
    )
    scaled = arm == "candidate"
    classifier = SGDClassifier(loss="log_loss", random_state=seed)
    model = make_pipeline(StandardScaler(), classifier) if scaled else classifier

    with mlflow.start_run(run_name=f"{arm} seed {seed}"):
        mlflow.set_tags(
            {
                "assay.ticket": ticket,
                "assay.arm": arm,
                "assay.dataset": "wine@1",
                "assay.devices": "1",
            }
        )
        mlflow.log_params({"scaled": scaled, "loss": "log_loss", "seed": seed})
        correct = model.fit(learn, learn_labels).predict(held_out) == held_out_labels
        mlflow.log_metric("accuracy", correct.mean())
        rows = [f"{example},accuracy,{int(right)}" for example, right in enumerate(correct)]
        mlflow.log_text("\n".join(["sample_id,metric,value", *rows]), "assay/scores.csv")
    print(f"{arm} seed {seed}: accuracy {correct.mean():.4f}")


if __name__ == "__main__":
    main()
