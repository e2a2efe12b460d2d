"""Learnings that say something, and those that do not."""

import pytest

from assay.domain.experiments.learnings import checked_learnings
from assay.errors import Invalid


@pytest.mark.parametrize(
    "text",
    [
        "LoRA rank 4 underfits billing questions.",
        "More data helps.",
        "Seeds vary too much",
        "Das Modell überfittet kurze Fragen.",
        "Модель переобучается на коротких вопросах",
        "模型在短问题上过拟合",
        "モデルは短い質問で過学習する",
        "النموذج يفرط في التعلم",
        "모델이 짧은 질문에 과적합된다",
        "La règle d'or n'a pas suffi",
        "It did not work: the tokenizer drops umlauts.",
    ],
)
def test_sentence_in_any_script_is_accepted_without_outer_space(text):
    assert checked_learnings(f"  {text}\n") == text


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n\t", "n/a", "N/A", "na", "none", "None.", "nil", ".", "...", "-", "--", "tbd", "TBD", "todo", "asdf", "asdf asdf asdf",
        "ok", "done", "it works", "bad", "x x x", "aaa bbb ccc", "1 2 3", "... --- ...", "none none none", "n/a n/a n/a", "to be done",
        "\u200b\u200b", "see above", "\u597d", "???", "yes yes yes yes", "test test test", "12345 67890 11111",
    ],
)  # fmt: skip
def test_placeholder_is_refused_with_an_example(text):
    with pytest.raises(Invalid, match="cannot close experiment") as caught:
        checked_learnings(text)
    assert caught.value.code == "learnings-missing"
    assert caught.value.field == "learnings"
    assert "LoRA" in caught.value.hint


def test_endless_learnings_are_refused():
    with pytest.raises(Invalid) as caught:
        checked_learnings("word " * 5000)
    assert caught.value.code == "learnings-too-long"
