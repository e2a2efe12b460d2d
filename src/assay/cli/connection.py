"""Where does a command ask? As the SDK does (see `assay.sdk.connection`)."""

from assay.sdk.connection import Answer, Connection, connected, error_of, key_part, part

__all__ = ["Answer", "Connection", "connected", "error_of", "key_part", "part"]
