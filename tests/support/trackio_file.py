"""Writes a project of Trackio's, with the tables that Trackio 0.43 makes."""

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

TABLES = """
CREATE TABLE IF NOT EXISTS metrics (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, timestamp TEXT NOT NULL,
    run_name TEXT NOT NULL, step INTEGER NOT NULL, metrics TEXT NOT NULL, log_id TEXT, space_id TEXT);
CREATE TABLE IF NOT EXISTS configs (id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL, run_name TEXT NOT NULL,
    config TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE(run_id));
"""
START = datetime.now(UTC)
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def write(path, query, values=()):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.executescript(TABLES)
        database.execute(query, values)
        database.commit()


def log(path, run, metrics, *, step, second=0, name=None):
    told = {key: WORDS.get(str(value), value) for key, value in metrics.items()}
    at = (START + timedelta(seconds=second)).isoformat()
    query = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, ?, ?, ?, ?)"
    write(path, query, (run, at, name or run, step, json.dumps(told).encode()))


def configure(path, run, config):
    told = json.dumps({**config, "_Created": START.isoformat(), "_Group": None}).encode()
    query = "INSERT OR REPLACE INTO configs (run_id, run_name, config, created_at) VALUES (?, ?, ?, ?)"
    write(path, query, (run, run, told, START.isoformat()))
