"""What is told to other programs, how it is signed, and when it is tried again."""
