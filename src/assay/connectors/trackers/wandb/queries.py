"""What is asked of a W&B server: fields that its own client asks for too, so that a server of any age has them."""

RUNS = """
query Runs($entity: String!, $project: String!, $first: Int!, $order: String!, $after: String) {
  project(name: $project, entityName: $entity) {
    runCount
    runs(first: $first, order: $order, after: $after) {
      edges {
        node {
          name displayName state config tags group jobType sweepName notes commit
          createdAt heartbeatAt historyLineCount
        }
        cursor
      }
      pageInfo { endCursor hasNextPage }
    }
  }
}
"""

COUNT = """
query RunCount($entity: String!, $project: String!) {
  project(name: $project, entityName: $entity) { runCount }
}
"""

_RUN = """
query Run(
  $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $samples: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      summaryMetrics systemMetrics historyKeys MORE
      history(minStep: $minStep, maxStep: $maxStep, samples: $samples)
    }
  }
}
"""
RUN = _RUN.replace("MORE", "host runInfo { gpu gpuCount }")
"""What the list does not hold of a run, with the first page of its history."""
RUN_OF_AN_OLD_SERVER = _RUN.replace("MORE", "")
"""The same without what W&B's own client does not ask for."""

HISTORY = """
query History(
  $entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!, $samples: Int!
) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $samples) }
  }
}
"""

EXPORTS = """
query Exports($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { parquetHistory(liveKeys: ["_step"]) { parquetUrls } }
  }
}
"""
