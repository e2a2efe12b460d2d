"""The command line: nouns and verbs. It asks the API, over HTTP or in this process, and prints what it says."""
