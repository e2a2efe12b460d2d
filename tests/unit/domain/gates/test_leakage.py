import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.gates.leakage import _PIECE, find_overlap, normalised, word_hashes
from assay.stats.samples import StatisticsError

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in "bdfgklmnprst"]


def sentence(chance, words=40):
    return " ".join(chance.choice(WORDS) for _ in range(words))


def with_one_word_changed(chance, text, word="elsewhere"):
    words = text.split()
    words[chance.randrange(len(words))] = word
    return " ".join(words)


def test_case_spacing_punctuation_and_unicode_forms_do_not_hide_a_text():
    question = "Where is the Café Müller – in Straße No. 5?"
    hidden = "where IS\tthe cafe\u0301 mu\u0308ller, in “STRASSE” no.5!!"
    found = find_overlap([("q", question)], [[("t", hidden)]])
    assert found.same_text == (("q", "t"),)
    assert found.exact == ("q",)


def test_texts_that_differ_in_a_word_or_in_order_are_not_the_same():
    found = find_overlap(
        [("q", "What is 2+2?")], [[("a", "What is 2+3?"), ("b", "is what 2 2"), ("c", "What is 22?")]]
    )
    assert (found.same_text, found.near_text) == ((), ())


def test_one_word_edits_of_long_texts_are_found_and_named_with_their_similarity():
    chance = random.Random(1)
    texts = [sentence(chance) for _ in range(300)]
    training = [(f"t{n}", with_one_word_changed(chance, text)) for n, text in enumerate(texts)]
    found = find_overlap([(f"q{n}", text) for n, text in enumerate(texts)], [training])
    assert len(found.near_text) >= 294
    assert all(example[1:] == row[1:] for example, row, _ in found.near_text)
    assert all(0.8 <= similarity < 1 for _, _, similarity in found.near_text)
    similarities = [similarity for _, _, similarity in found.near_text]
    assert similarities == sorted(similarities, reverse=True)


def test_unrelated_texts_are_never_named():
    chance = random.Random(2)
    examples = [(f"q{n}", sentence(chance)) for n in range(500)]
    training = [(f"t{n}", sentence(chance)) for n in range(500)]
    found = find_overlap(examples, [training])
    assert (found.same_id, found.same_text, found.near_text, found.notes) == ((), (), (), ())


def test_same_ids_are_named_whatever_the_texts_say():
    found = find_overlap(
        [("x1", "one two three"), ("x2", "four")], [[("x2", "five")], [("x1", "six"), ("x3", "")]]
    )
    assert (found.same_id, found.same_text) == (("x1", "x2"), ())
    assert (found.examined, found.training) == (2, 3)


def test_portions_and_order_of_the_training_data_change_no_finding():
    chance = random.Random(3)
    examples = [(f"q{n}", sentence(chance, 20)) for n in range(60)]
    training = [(f"t{n}", with_one_word_changed(chance, text)) for n, (_, text) in enumerate(examples)]
    training += [(f"s{n}", examples[n][1].upper()) for n in range(0, 60, 7)]
    whole = find_overlap(examples, [training])
    shuffled = chance.sample(training, len(training))
    parts = find_overlap(chance.sample(examples, 60), [shuffled[:10], [], shuffled[10:]])
    assert parts == whole


def test_texts_without_a_word_are_compared_by_id_only_and_counted():
    found = find_overlap([("a", "?!"), ("b", ""), ("c", "word")], [[("t", "..."), ("u", "")]])
    assert found.same_text == ()
    assert found.notes == ("2 examples without a word compared by id only",)
    assert (find_overlap([], [[("t", "x")]]).examined, find_overlap([("a", "x")], []).training) == (0, 0)


def test_a_thousand_copies_of_one_template_do_not_stop_the_search():
    chance = random.Random(4)
    template = sentence(chance, 60)
    examples = [(f"q{n}", f"{template} {sentence(chance, 3)}") for n in range(300)]
    training = [(f"t{n}", f"{template} {sentence(chance, 3)}") for n in range(1000)]
    found = find_overlap(examples, [training], near=0.85)
    assert len(found.near) == 300


def test_scripts_without_spaces_are_compared_character_by_character():
    text = "机器学习模型的评估需要独立的测试数据集以避免泄漏问题的出现和错误的结论"
    found = find_overlap([("q", text)], [[("t", text.replace("独立", "单独"))]], near=0.6)
    assert found.near == ("q",)
    assert normalised("東京 2024") == "東 京 2024"


@pytest.mark.parametrize(
    "text",
    [
        "\x00nul and \ud800 lone surrogate",
        "e\u0301" * 500,
        "\u202eright to left\u202c zero\u200bwidth",
        "👩‍👩‍👧 family",
        "a" * (3 * _PIECE),
        ("word " * 40_000).strip(),
        "ﬁ ligature ① ²",
    ],
)
def test_odd_texts_are_found_again_and_break_nothing(text):
    found = find_overlap([("q", text), ("r", "something else")], [[("t", f" {text}. ")]])
    assert found.same_text == (("q", "t"),)


texts = st.lists(
    st.text(alphabet=st.sampled_from("aB1 _-\n\té\u0301ßΣς中ー٣\u200bﬁ"), max_size=30), min_size=1, max_size=8
)


@given(texts)
@settings(max_examples=200)
def test_words_are_hashed_alike_exactly_where_their_normalised_forms_agree(found):
    hashes, counts = word_hashes(found)
    words = [word for text in found for word in normalised(text).split()]
    assert counts.tolist() == [len(normalised(text).split()) for text in found]
    assert len(set(hashes.tolist())) == len(set(words))
    assert len(set(zip(words, hashes.tolist(), strict=True))) == len(set(words))


def test_hashes_are_the_same_in_every_process():
    code = "from assay.domain.gates.leakage import word_hashes; print(word_hashes(['Stable, hashes'])[0].tolist())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed},
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {f"{word_hashes(['stable hashes'])[0].tolist()}\n"}


@pytest.mark.parametrize("near", [0.0, -0.1, 1.1, float("nan")])
def test_similarity_that_is_none_is_refused(near):
    with pytest.raises(StatisticsError):
        find_overlap([("q", "x")], [[("t", "x")]], near=near)


def test_only_the_same_shingles_count_at_a_similarity_of_one():
    chance = random.Random(5)
    text = sentence(chance)
    training = [("t", with_one_word_changed(chance, text)), ("u", f"{text} {text}")]
    assert find_overlap([("q", text)], [training[:1]], near=1.0).near == ()
