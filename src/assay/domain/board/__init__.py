"""The flow of tickets over a board: stages, limits, exit policies, moves."""
