"""What a team does, one module an idea, functions named by verbs."""
