"""What orchestrators say of the jobs they run."""
