"""The process that serves: joins API and pages, guards the door, looks after trackers."""
