"""Run logs: what `assay.experiment` writes while a training runs, read like any other tracker."""
