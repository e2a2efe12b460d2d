"""Callbacks of training libraries, with the real library where it is installed; what a rule says is given, for its process is tested elsewhere."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, SGDClassifier, SGDRegressor

import assay
from assay.connectors.trackers.run_log.reader import RunTail
from assay.errors import Invalid, Unavailable
from assay.sdk.stopping import StopAnswer

GO_ON = StopAnswer(False, "", "nothing says so")


@dataclass
class Rules:
    """Says stop from the moment at which the run has so many points."""

    run: assay.ExperimentRun
    points: int

    def __post_init__(self):
        self.run._adviser = self

    @property
    def answer(self):
        self.run.flush()
        curves = kept(self.run).curves.values()
        stop = max((curve.points for curve in curves), default=0) >= self.points
        return StopAnswer(True, "diverged", "it is time") if stop else GO_ON

    def end(self):
        pass


def kept(run):
    return RunTail(str(Path(run.path).parent), run.run_id).read()


def all_kept():
    return [
        RunTail("assay-runs", path.stem).read()
        for path in sorted(Path("assay-runs").glob("*-*-????????.jsonl"))
    ]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with assay.experiment("EXP-1", seed=1, quiet=True, sync=False) as run:
        yield run


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return data.data[:900], data.target[:900], (data.data[900:], data.target[900:])


# ---------------------------------------------------------------------------------------------------- scikit-learn
@pytest.mark.parametrize(
    "estimator",
    [SGDClassifier(random_state=1), RandomForestClassifier(random_state=1)],
    ids=["partial", "warm"],
)
def test_estimator_is_trained_step_by_step_and_its_own_score_is_logged(run, digits, estimator):
    features, targets, unseen = digits
    trained = assay.fit_in_steps(run, estimator, features, targets, steps=4, unseen=unseen, stops=False)
    run.flush()
    curve = kept(run).curves["accuracy"]
    assert curve.steps.tolist() == [0, 1, 2, 3]
    assert curve.last == trained.score(*unseen)
    assert 0.5 < curve.last < 1


def test_estimator_stops_where_a_rule_says_so(run, digits):
    features, targets, unseen = digits
    Rules(run, points=3)
    assay.fit_in_steps(
        run, RandomForestClassifier(random_state=1), features, targets, steps=50, unseen=unseen
    )
    assert kept(run).curves["accuracy"].points == 3
    assert run.should_stop()


def test_other_scores_have_their_names_and_an_estimator_without_steps_is_refused(run, digits):
    features, targets, unseen = digits
    assay.fit_in_steps(
        run, SGDRegressor(), features / 16, targets, steps=2, unseen=(unseen[0] / 16, unseen[1]), stops=False
    )
    assay.fit_in_steps(
        run,
        SGDClassifier(),
        features,
        targets,
        steps=1,
        unseen=unseen,
        scoring="f1_macro",
        metric="f1",
        stops=False,
    )
    run.flush()
    assert {"r2", "f1"} == set(kept(run).curves)
    with pytest.raises(Invalid, match="neither partial_fit nor warm_start"):
        assay.fit_in_steps(run, LinearRegression(), features, targets, steps=1, unseen=unseen)


def test_plain_loop_goes_on_until_a_rule_says_stop(run):
    Rules(run, points=5)
    for epoch in run.until_stopped(range(100)):
        run.log(loss=1 / (1 + epoch), step=epoch)
    assert kept(run).curves["loss"].steps.tolist() == [0, 1, 2, 3, 4]


def test_library_that_is_not_there_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(Unavailable, match="cannot use keras"):
        assay.keras_callback(run)


# ---------------------------------------------------------------------------------------------------- those installed
@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: its loop is not tried")


def test_tensors_of_a_pytorch_loop_are_numbers_and_its_data_loader_logs_from_its_workers(run, torch):
    class Squares(torch.utils.data.Dataset):
        def __len__(self):
            return 8

        def __getitem__(self, index):
            run.log({"read": index}, step=index)
            return torch.tensor([float(index)]), torch.tensor([float(index) ** 2])

    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    loader = torch.utils.data.DataLoader(Squares(), batch_size=4, num_workers=2)
    for epoch in range(2):
        for x, y in loader:
            loss = ((model(x) - y) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        run.log(loss=loss, step=epoch)
    run.flush()
    run.log(many=torch.ones(3))
    told = kept(run)
    assert told.curves["loss"].last == pytest.approx(loss.item())
    assert sorted(told.curves["read"].values.tolist()) == sorted([*range(8)] * 2)
    assert list(run.refused) == ["many is a Tensor of shape (3,)"]


def test_keras_logs_each_epoch_and_ends_where_a_rule_says_so(run, digits):
    keras = pytest.importorskip("keras", reason="Keras is not installed: its callback is not tried")
    features, targets, unseen = digits
    model = keras.Sequential(
        [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    Rules(run, points=3)
    history = model.fit(
        features / 16, targets, epochs=20, validation_data=(unseen[0] / 16, unseen[1]), verbose=0,
        callbacks=[assay.keras_callback(run)],
    )  # fmt: skip
    curves = kept(run).curves
    assert set(curves) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    expected = [float(value) for value in history.history["val_accuracy"]]  # tensors, where PyTorch computes
    assert curves["val_accuracy"].values.tolist() == pytest.approx(expected)
    assert curves["loss"].points == 3


def test_trainer_logs_at_its_global_step_and_ends_where_a_rule_says_so(run, torch, tmp_path):
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed: its callback is not tried"
    )
    pytest.importorskip("accelerate", reason="accelerate is not installed: a Trainer needs it")

    class Line(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x, labels=None):
            told = x * self.weight
            return {"loss": ((told - labels) ** 2).mean(), "logits": told}

    data = [{"x": torch.tensor([float(n)]), "labels": torch.tensor([2.0 * n])} for n in range(8)]
    arguments = transformers.TrainingArguments(
        str(tmp_path / "out"), max_steps=50, logging_steps=1, report_to=[], use_cpu=True, save_strategy="no", disable_tqdm=True,
    )  # fmt: skip
    Rules(run, points=4)
    transformers.Trainer(
        Line(), arguments, train_dataset=data, callbacks=[assay.trainer_callback(run)]
    ).train()
    run.flush()
    curves = kept(run).curves
    assert {"loss", "learning_rate"} <= set(curves)
    assert curves["loss"].steps.tolist() == list(range(1, curves["loss"].points + 1))
    assert 4 <= curves["loss"].points < 10


def test_trials_of_optuna_are_runs_and_are_pruned_where_a_rule_says_so(tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed: its pruner is not tried")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("assay.sdk.callbacks.optuna.ASK_AFTER_S", 0.0)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    trials = assay.optuna_trials("EXP-1", metric="accuracy", arm="candidate")
    begin = trials._begin

    def begun(*arguments, **more):
        run = begin(*arguments, **more)
        Rules(run, points=3 if "trial 1" in run.head["name"] else 100)
        return run

    trials._begin = begun

    def objective(trial):
        depth = trial.suggest_int("depth", 1, 9)
        for step in range(5):
            trial.report(depth / 10 + step / 100, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        if trial.number == 2:
            raise ValueError
        return depth / 10 + 0.05

    study = optuna.create_study(
        direction="maximize", pruner=trials.pruner, sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.optimize(objective, n_trials=4, callbacks=[trials], catch=(ValueError,))
    runs = {run.name: run for run in all_kept()}
    assert {name: run.status.value for name, run in runs.items()} == {
        "trial 0": "finished", "trial 1": "stopped", "trial 2": "failed", "trial 3": "finished",
    }  # fmt: skip
    assert [t.state.name for t in study.trials] == ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    for trial in study.trials:
        run = runs[f"trial {trial.number}"]
        assert dict(run.config) == {"depth": str(trial.params["depth"])}
        expected = [value for _, value in sorted(trial.intermediate_values.items())]
        if trial.state.name == "COMPLETE":
            expected.append(trial.value)
        assert run.curves["accuracy"].values.tolist() == pytest.approx(expected)
    assert runs["trial 1"].tags["assay.stopped_by"] == "diverged"


def test_trial_that_is_over_before_a_rule_could_answer_begins_no_process(tmp_path, monkeypatch):
    optuna = pytest.importorskip("optuna", reason="Optuna is not installed: its pruner is not tried")
    monkeypatch.chdir(tmp_path)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    asked = []
    monkeypatch.setattr("assay.sdk.experiment.Adviser", lambda *_: asked.append(1))
    trials = assay.optuna_trials("EXP-1", metric="accuracy")

    def objective(trial):
        trial.report(trial.suggest_float("x", 0, 1), 0)
        assert not trial.should_prune()
        return 1.0

    optuna.create_study(pruner=trials.pruner).optimize(objective, n_trials=3, callbacks=[trials])
    assert (len(all_kept()), asked) == (3, [])


def test_numbers_of_numpy_arrays_with_one_element_are_numbers(run):
    run.log(loss=np.ones((1, 1)))
    run.flush()
    assert kept(run).curves["loss"].last == 1.0
