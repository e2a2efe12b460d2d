"""Numbers in, estimates out: the statistics every verdict rests on.

Each module answers one question; import from the module, nothing is re-exported here:

* `samples`, `estimates`: what goes in (finite scores) and what comes out (intervals, tests, comparisons).
* `means`, `welch`, `spread`: seed-level scores against a number, against another arm, and how they scatter.
* `proportions`, `paired`, `crossed`: pass/fail rates, the same examples under two arms, several seeds on shared examples.
* `quantiles`: is a latency percentile beyond a limit; `resampling`, `wild_clusters`: bootstraps, as a check and for few sources.
* `fairness`: is the gap between any two groups larger than allowed?
* `reliability`: how often it works when tried again (pass@k, pass^k).
* `independent_rates`, `summaries`: rates from different examples; figures reported without the examples behind them.
* `noninferiority`: "no worse than the baseline by more than a margin".
* `slices`, `slice_alarms`: the same comparisons in thousands of slices at once, and which slices are harmed
  (`slice_sums`, `slice_variance`, `tried_slices` hold the arithmetic).
* `relative`, `relative_slices`: margins that are a share of a measured baseline (`paired_ratios`, `tried_ratios`: of rates).
* `e_processes`, `tried_sequences`, `confidence_sequences`: decisions over examples that hold however often one looks.
* `stages`, `multiplicity`: what looking often, or at many things, costs.
* `similar_sets`: which of very many sets are nearly the same (texts in training and evaluation data).
* `power`, `planning`: what would settle an open question, and what a planned study can see.
* `value_of_information`, `elicited_chances`: which experiment is worth its cost, and what the chances people give are worth.
* `distributions`, `predictive_draws`: tail probabilities, quantiles, and the fixed sequence that predictions average over.

Nothing here reads a clock, draws chance of its own or depends on the order of its input: permuted seeds or examples give
the same bytes. Only sequential decisions have an order, the registered one.
"""
