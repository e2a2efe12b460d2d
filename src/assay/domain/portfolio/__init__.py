"""What a project promises as a whole: its canvas, the phase it is in, and whether it should build at all."""
