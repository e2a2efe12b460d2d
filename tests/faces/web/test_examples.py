"""The examples behind a value, of real classifiers of handwritten digits."""

import json

import numpy as np
import pytest

from assay.connectors.evals.long_form import write_scores
from assay.domain.experiments.evidence import Scores
from assay.domain.kernel.canonical import digest_bytes
from tests.faces.web import story
from tests.faces.web.test_routes import Browser
from tests.support.axe import violations

SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def digits():
    """True digits, and what trees of three seeds answered."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.tree import DecisionTreeClassifier

    data, labels = load_digits(return_X_y=True)
    known, unseen, answers, truth = train_test_split(data, labels, test_size=0.3, random_state=0)
    trees = [DecisionTreeClassifier(random_state=seed, max_depth=8).fit(known, answers) for seed in SEEDS]
    return truth, [tree.predict(unseen) for tree in trees]


@pytest.fixture(scope="module")
def read(open_site, digits):
    truth, answered = digits

    def tell(ws):
        from dataclasses import replace

        told = story.Story(ws)
        key = told.ticket("Trees read digits")
        told.start(key)
        told.runs(key, [0.85] * 4)
        with ws.store.read() as tx:
            runs = list(tx.runs(told.project.id, key))
        files = []
        for run, answers in zip(runs, answered, strict=False):
            scores = Scores(
                metric="accuracy", seed=run.seed, sample_ids=tuple(f"digit-{n:03d}" for n in range(truth.size)),
                values=(answers == truth).astype(float),
                slices={"target": tuple(map(str, truth)), "prediction": tuple(map(str, answers)), "writer": ("a", "b") * (truth.size // 2)},
            )  # fmt: skip
            files.append(write_scores([scores]))
        changed = [
            replace(run, scores_digest=digest_bytes(content), digest=f"{run.digest}+")
            for run, content in zip(runs, files, strict=False)
        ]

        def keep(tx):
            for content in files:
                tx.put_blob(digest_bytes(content), content)
            tx.put_runs(told.source, changed, seq=tx.head()[0] + 1)

        ws.store.write(keep)
        return {"key": key, "bare": told.ticket("No runs yet"), "runs": [run.run_id for run in runs]}

    return open_site(tell)


def asked(site, query):
    status, text = Browser(site.url).text(f"/api/v1/projects/{site.slug}/examples?{query}")
    return status, json.loads(text)


def test_confusions_of_real_classifiers_are_those_of_scikit_learn(read, digits):
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    truth, answered = digits
    _, found = asked(read, f"ticket={read.keys['key']}")
    every, answers = np.tile(truth, 3), np.concatenate(answered)
    assert found["confusion"]["counts"] == confusion_matrix(every, answers).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(every, answers)
    for place, one in enumerate(found["confusion"]["classes"]):
        assert (one["precision"], one["recall"], one["f1"], one["support"]) == (
            pytest.approx(precision[place]), pytest.approx(recall[place]), pytest.approx(f1[place]), support[place],
        )  # fmt: skip


def test_hardest_examples_are_those_that_most_seeds_got_wrong(read, digits):
    truth, answered = digits
    _, found = asked(read, f"ticket={read.keys['key']}")
    right = np.mean([answers == truth for answers in answered], axis=0)
    hard = found["hardest"]
    assert len(hard["examples"]) == 20
    assert all(one["seeds"] == 3 for one in hard["examples"])
    assert [one["mean"] for one in hard["examples"]] == np.sort(right)[:20].tolist()
    assert hard["ties"] == (right == np.sort(right)[19]).sum() - sum(
        one["mean"] == np.sort(right)[19] for one in hard["examples"]
    )


def test_run_without_scores_is_left_out_with_why(read):
    _, found = asked(read, f"ticket={read.keys['key']}")
    assert found["run_ids"] == read.keys["runs"][:3]
    assert found["left_out"] == [{"run_id": read.keys["runs"][3], "why": "it logged no scores of examples"}]


def test_what_was_not_logged_is_unknown_with_what_to_log(read):
    status, page = Browser(read.url).text(f"/p/{read.slug}/examples?ticket={read.keys['bare']}")
    assert status == 200
    assert "No run here has scores of examples that can be read." in page
    assert "assay/scores.parquet" in page


def test_labels_of_any_column_have_their_mean_score(read):
    _, found = asked(read, f"run={read.keys['runs'][0]}&column=writer")
    assert {one["label"] for one in found["labels"]} == {"a", "b"}
    assert found["run"] == read.keys["runs"][0]


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [("", 422, "ticket"), ("ticket=EXP-1&run=x", 422, "ticket"), ("ticket=EXP-1&group=x", 404, "group"),
     ("ticket=EXP-1&metric=x", 404, "metric"), ("run=x", 404, "run"), ("ticket=EXP-99", 404, "key")],
)  # fmt: skip
def test_examples_of_what_is_not_there_are_refused_by_field(read, query, status, field):
    found_status, found = asked(read, query)
    assert (found_status, found["field"]) == (status, field)


@pytest.mark.browser
def test_page_of_examples_is_linked_from_ticket_and_run_and_reads_well(read, visit):
    page = visit(read.at(f"/t/{read.keys['key']}"), bypass_csp=True)
    page.get_by_role("link", name="Examples").click()
    assert "the worst 20 of 540 examples by mean accuracy" in page.locator("main").inner_text()
    assert page.locator("table.matrix tbody tr").count() == 10
    assert violations(page) == []
    page.locator("a.link.num").first.click()
    page.get_by_role("link", name="Examples").click()
    assert "examples of this model, not of the method" in page.locator("main").inner_text()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    ("query", "fact"),
    [("", "no ticket and no run is named"), ("ticket=EXP-1&run=lab:1", "both a ticket and a run are named")],
)
def test_examples_of_nothing_or_of_two_things_say_what_to_name(read, query, fact):
    status, told = asked(read, query)
    assert (status, told["code"], fact in told["detail"]) == (422, "examples-of-what", True)
    status, page = Browser(read.url).text(f"/p/{read.slug}/examples?{query}")
    assert (status, fact in page) == (422, True)
