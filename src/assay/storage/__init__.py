"""What is remembered: tables, repositories, queries, one writer, the journal."""
