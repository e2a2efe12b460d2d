"""When should a run be stopped before its end, and what would a rule have done to the runs of the past?"""
