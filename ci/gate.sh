#!/usr/bin/env bash
# Judges the results of an evaluation in CI, and says whether the gate itself became easier to pass.
#
# Everything comes from the environment, so that nothing of a pull request becomes part of a command:
#   ASSAY_GATE        the gate file
#   ASSAY_CANDIDATE   results to judge: file, folder or address
#   ASSAY_BASELINE    results to compare with                                             (may be empty)
#   ASSAY_READER      who wrote the results                                               (empty: found by content)
#   ASSAY_BASE_GATE   the gate file as it is on the target branch                         (may be empty)
#   ASSAY_EASIER      fail: a gate that became easier to pass fails the job; tell: it is told only   (empty: fail)
#   ASSAY_OUT         folder for junit.xml, comment.md, record.json and gate-changes.txt  (empty: assay-gate)
#
# Exit code: 0 pass, 1 fail, 2 invalid, 3 inconclusive; others as `assay` has them. Inconclusive is no pass.
set -euo pipefail

gate=${ASSAY_GATE:?is missing: name the gate file}
candidate=${ASSAY_CANDIDATE:?is missing: name the results to judge}
out=${ASSAY_OUT:-assay-gate}
easier=${ASSAY_EASIER:-fail}
case $easier in fail | tell) ;; *) echo "ASSAY_EASIER is '$easier' (expected fail or tell)" >&2; exit 2 ;; esac
mkdir -p -- "$out"
rm -f -- "$out/junit.xml" "$out/comment.md" "$out/record.json" "$out/gate-changes.txt"

judge() {
    local options=(--candidate "$candidate" --junit "$out/junit.xml" --markdown "$out/comment.md" --record "$out/record.json")
    [[ -z ${ASSAY_BASELINE:-} ]] || options+=(--baseline "$ASSAY_BASELINE")
    [[ -z ${ASSAY_READER:-} ]] || options+=(--reader "$ASSAY_READER")
    assay gate check "${options[@]}" -- "$gate"
}

tell() { # to the comment, and to the step summary where there is one
    printf '%s\n' "$@" >> "$out/comment.md"
    [[ -z ${GITHUB_STEP_SUMMARY:-} ]] || printf '%s\n' "$@" >> "$GITHUB_STEP_SUMMARY"
}

compare_gates() {
    local code=0
    assay gate diff -- "$ASSAY_BASE_GATE" "$gate" > "$out/gate-changes.txt" || code=$?
    cat -- "$out/gate-changes.txt"
    [[ $code -eq 1 ]] || return "$code"
    [[ ${GITHUB_ACTIONS:-} != true ]] || echo "::warning title=The gate became easier to pass::See the job's log: have the change reviewed."
    tell "" "**This change makes the gate itself easier to pass:**" "" '```text' "$(head -c 4000 -- "$out/gate-changes.txt" | tr -d '`')" '```'
    [[ $easier == tell ]]
}

# Both sides come from `assay gate run`, and from the very same command and files: there is no difference to judge.
unchanged() {
    [[ -n ${ASSAY_BASELINE:-} && -f $candidate/../command.json && -d $ASSAY_BASELINE ]] || return 1
    [[ $(cd -- "$candidate" && pwd -P) == $(cd -- "$ASSAY_BASELINE" && pwd -P) ]]
}

names=(pass fail invalid inconclusive)
code=0
if unchanged; then
    result=unchanged
    echo "Nothing that is evaluated has changed: candidate and baseline are the same results."
    tell "### Gate $gate: nothing to judge" "" "Nothing that is evaluated has changed: candidate and baseline are the same results."
else
    judge || code=$?
    result=${names[$code]:-error}
fi
[[ -s $out/comment.md ]] || tell "### Gate $gate cannot be judged" "" "The job's log says why."

changed=0
if [[ -n ${ASSAY_BASE_GATE:-} ]]; then
    compare_gates || changed=$?
fi
[[ $code -ne 0 ]] || code=$changed
[[ -z ${GITHUB_OUTPUT:-} ]] || printf 'result=%s\nexit-code=%s\n' "$result" "$code" >> "$GITHUB_OUTPUT"
exit "$code"
