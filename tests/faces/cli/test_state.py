"""Where the project stands, on the command line."""

import json


def test_state_says_headline_what_is_not_known_and_the_tickets(measured):
    assay, key = measured(0.855, 0.861, 0.858, 0.852, 0.86)
    said = assay("state")
    assert said.code == 0
    lines = {line[:15].strip(): line[15:].strip() for line in said.out.splitlines()}
    assert lines["headline"] == f"accuracy: 85.7%, by {key}"
    assert lines["ahead"] == "Where it may go is not known: 1 of 8 measured experiments that it takes."
    assert lines["experiments"] == "1: 0 promoted, 0 killed, 1 active"
    assert lines["compute"] == "18 GPU-hours, of 24 budgeted"
    assert key in said.out.splitlines()[-1]
    found = json.loads(assay("state", "--json").out)
    assert (found["best_text"], found["ahead"]) == (lines["headline"], [])
