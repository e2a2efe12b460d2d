"""Is a finding complete (scorecard X1)? Method, n, effect with interval, level, looks, what could be seen, what would change it.

Where one of them makes no sense, a typed reason stands in its place.
"""

from assay.domain.kernel.findings import Finding, Lacks, Outcome

NO_TEST = (Lacks.CENSUS, Lacks.VOUCHED, Lacks.NOTHING_MEASURED, Lacks.BROKEN_EVIDENCE, Lacks.BETWEEN_LOOKS)


def assert_complete(finding: Finding) -> None:
    said = f"{finding.check}: {finding.outcome} by {finding.method}, lacks {finding.lacks}"
    assert finding.method, said
    assert finding.reason, said
    assert finding.would_change, said
    if finding.outcome is Outcome.UNCLEAR:
        assert finding.settle is not None, said
    if finding.lacks not in (Lacks.VOUCHED, Lacks.NOTHING_MEASURED, Lacks.BROKEN_EVIDENCE):
        assert any(amount is not None for amount in finding.n.model_dump().values()), said
    if finding.lacks in NO_TEST:
        return
    assert finding.estimate is not None, said
    assert finding.alpha is not None, said
    assert finding.looks is not None, said
    assert 0.0 <= finding.looks.spent <= 0.05 + 1e-9, said
    if finding.lacks is Lacks.NO_SPREAD:
        return
    assert finding.interval is not None, said
    assert finding.p_value is not None, said
    if finding.lacks is Lacks.TOO_SMALL:
        assert finding.detectable is None, said
        return
    assert finding.lacks is None, said
    assert finding.detectable is not None, said
    assert finding.detectable > 0, said


def is_complete(finding: Finding) -> bool:
    try:
        assert_complete(finding)
    except AssertionError as lack:
        print(f"\n{str(lack).splitlines()[0]}")
        return False
    return True
