"""The web face: server-rendered pages that lay out what workflows answer, and decide nothing."""
