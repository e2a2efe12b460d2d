import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.domain.gates.leakage import find_overlap
from assay.domain.gates.shingles import _PIECE, normalised, shingled, word_hashes
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
    assert len(found.near_text) == 300
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


@pytest.mark.parametrize("text", ["a", "One text of several words, many times over."])
def test_a_hundred_thousand_equal_texts_are_one_comparison(text):
    examples, training = [(f"q{n}", text) for n in range(500)], [(f"t{n}", text) for n in range(100_000)]
    found = find_overlap([*examples, ("r", f"{text} Almost.")], [training], near=0.6)
    assert (len(found.same_text), found.notes) == (500, ())
    assert found.near == (("r",) if len(text) > 1 else ())
    assert {row for _, row in found.same_text} == {"t0"}


def test_equal_examples_share_their_near_duplicate():
    chance = random.Random(6)
    text = sentence(chance)
    edited = with_one_word_changed(chance, text)
    found = find_overlap([("a", text), ("b", "other"), ("c", text.upper())], [[("t", edited), ("u", edited)]])
    assert [(name, row) for name, row, _ in found.near_text] == [("a", "t"), ("c", "t")]


def test_long_words_differ_from_their_first_byte_to_their_last():
    for length in (1, 7, 8, 9, 15, 16, 17, 63, 64, 65, 200, 2 * _PIECE):
        words = ["x" * length, "x" * (length + 1), "x" * (length - 1) + "y", "y" + "x" * (length - 1)]
        assert len(set(word_hashes(words)[0].tolist())) == len(set(words))
        alone, within = word_hashes(words[:1])[0], word_hashes([f"a {words[0]} b {words[0]}"])[0]
        assert {int(within[1]), int(within[3])} == {int(alone[0])}


def test_a_long_text_has_the_same_shingles_in_whatever_company_it_stands():
    chance = random.Random(7)
    long = sentence(chance, 60_000)
    alone, among = shingled([long]), shingled(["short", "", long, "short one", "a b c"])
    assert alone.words.tolist() == [60_000]
    assert among.words.tolist() == [1, 0, 60_000, 2, 3]
    assert among.sets.sizes.tolist() == [1, 59_998, 1, 1]
    assert among.sets.elements[1:59_999].tolist() == alone.sets.elements.tolist()
    assert alone.content[0] == among.content[1]


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
    code = "from assay.domain.gates.shingles import word_hashes; print(word_hashes(['Stable, hashes'])[0].tolist())"
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


def test_operators_signs_and_numbers_tell_texts_apart_and_spacing_does_not():
    asked = ["What is 2 + 2?", "what is 2 - 2?", "It costs 3.50 €", "It costs 3.50 $", "a != b", "a = b"]
    rows = [("t", "what is 2+2"), ("u", "It costs 3.50€"), ("v", "a!=b"), ("w", "it costs 350 $")]
    found = find_overlap([(text, text) for text in asked], [rows])
    assert dict(found.same_text) == {"What is 2 + 2?": "t", "It costs 3.50 €": "u", "a != b": "v"}
