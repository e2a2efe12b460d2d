"""What Python code calls: gates on results in memory, estimators scored by example. `import assay` offers it, loaded at first use."""
