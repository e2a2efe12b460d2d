"""What the peers of gate_statistics.py do, run by a Python that has them: reads one JSON file, prints one JSON line."""

import json
import sys
import time
from pathlib import Path


def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    answer = work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "answer": answer}


def near_duplicates(given):
    from datasketch import MinHash, MinHashLSH

    def shingles(text):
        words = text.lower().split()
        return {" ".join(words[at : at + 3]).encode() for at in range(max(1, len(words) - 2))}

    def find():
        training = MinHash.bulk([shingles(text) for text in given["training"]], num_perm=128)
        index = MinHashLSH(threshold=given["near"], num_perm=128)
        with index.insertion_session() as session:
            for number, one in enumerate(training):
                session.insert(number, one)
        asked = MinHash.bulk([shingles(text) for text in given["evaluation"]], num_perm=128)
        return [number for number, one in enumerate(asked) if index.query(one)]

    return timed(find)


def t_tests(given):
    from gbstats.frequentist.tests import FrequentistConfig, TwoSidedTTest
    from gbstats.models.statistics import SampleMeanStatistic

    arms = [
        [SampleMeanStatistic(n=n, sum=total, sum_squares=squares) for n, total, squares in given[name]]
        for name in ("baseline", "candidate")
    ]
    config = FrequentistConfig(difference_type="absolute", alpha=0.1)

    def test():
        results = [TwoSidedTTest(a, b, config).compute_result() for a, b in zip(*arms, strict=True)]
        return [[one.p_value, *one.ci] for one in results]

    return timed(test)


work = {"near_duplicates": near_duplicates, "t_tests": t_tests}[sys.argv[1]]
print(json.dumps(work(json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))))
