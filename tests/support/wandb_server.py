"""A W&B server for tests: the part of its GraphQL interface that its own client reads runs with, over real HTTP.

The server itself cannot run here. Types, arguments and behaviour are those that W&B publishes: the schema file of its query
engine, the queries of its client, and what its engineers say of paging and of thinning out. Queries are parsed,
checked against the types and executed by graphql-core, so that a field or an argument that is not there is refused as the
real one refuses it. W&B's own client has read this server: see docs/decisions/0043.
"""

import base64
import contextlib
import http.server
import io
import json
import threading

import polars as pl
from graphql import build_schema, graphql_sync

KEY = "k" * 40
ENTITY, PROJECT = "acme", "depth"
SCHEMA = build_schema(
    """
    scalar DateTime
    scalar JSONString
    scalar JSON
    scalar Int64
    scalar Duration
    type Query {
      project(name: String, entityName: String): Project
      viewer(entityName: String): User
    }
    type User {
      id: ID!
      name: String!
      username: String
      entity: String
      email: String
      flags: JSONString
      teams: EntityConnection
    }
    type EntityConnection { edges: [EntityEdge!]! }
    type EntityEdge { node: Entity }
    type Entity { id: ID! name: String! }
    type Project {
      id: ID!
      internalId: ID!
      name: String!
      readOnly: Boolean
      runCount(filters: JSONString): Int
      runs(filters: JSONString, order: String, first: Int, after: String): RunConnection
      run(name: String!): Run
    }
    type RunConnection { totalCount: Int! pageInfo: PageInfo! edges: [RunEdge!]! }
    type RunEdge { node: Run! cursor: String! }
    type PageInfo { hasNextPage: Boolean! endCursor: String }
    type RunInfo { gpuCount: Int gpu: String }
    type ParquetHistory { parquetUrls: [String!]! liveData: [JSON!]! }
    type Run {
      id: ID!
      projectId: Int
      name: String!
      displayName: String
      state: String
      config(keys: [String!]): JSONString
      summaryMetrics(keys: [String!]): JSONString
      systemMetrics: JSONString
      tags: [String!]
      group: String
      jobType: String
      sweepName: String
      notes: String
      description: String
      commit: String
      host: String
      readOnly: Boolean
      createdAt: DateTime!
      heartbeatAt: DateTime
      user: User
      historyLineCount: Int
      historyKeys: JSON
      runInfo: RunInfo
      history(minStep: Int64, maxStep: Int64, samples: Int): [String!]!
      parquetHistory(liveKeys: [String!]!): ParquetHistory!
    }
    """
)


def wrapped(config):
    """A configuration as the server keeps it: each entry with a description."""
    return {name: {"desc": None, "value": value} for name, value in config.items()}


class ServedRun:
    """One run that a server keeps; its rows are dictionaries with `_step` and `_timestamp`."""

    address = ""
    """Of the server."""

    def __init__(self, name, *, config=None, rows=(), state="running", created="2026-01-01T00:00:00", **told):
        self.name = name
        self.config = dict(config or {})
        self.rows = list(rows)
        self.state = state
        self.created = created
        self.told = {"displayName": name, "tags": [], "heartbeatAt": created, **told}
        self.keys_told = None
        self.exported = []
        """Rows that were moved to a Parquet file."""

    def keys(self):
        """What W&B tells of the values it counted, by metric."""
        if self.keys_told is not None:
            return self.keys_told
        if not self.rows + self.exported:
            return None
        counts = {}
        for row in self.exported + self.rows:
            for name, value in row.items():
                kind = "number" if type(value) in (int, float) else "string"
                counts.setdefault(name, {}).setdefault(kind, []).append(1)
        keys = {
            name: {"typeCounts": [{"type": kind, "count": len(one)} for kind, one in found.items()]}
            for name, found in counts.items()
        }
        return {"sets": [], "keys": keys, "lastStep": max(row["_step"] for row in self.exported + self.rows)}

    def history(self, info, minStep=0, maxStep=None, samples=500):
        """The rows of these steps; thinned out when they are more than was asked for."""
        rows = [
            row
            for row in self.rows
            if minStep <= row["_step"] and (maxStep is None or row["_step"] < maxStep)
        ]
        if len(rows) > samples:
            rows = [rows[round(place * (len(rows) - 1) / (samples - 1))] for place in range(samples)]
        return [json.dumps(row) for row in rows]

    def node(self):
        return {
            "id": base64.b64encode(f"Run:v1:{self.name}".encode()).decode(),
            "projectId": 1,
            "name": self.name,
            "state": self.state,
            "config": json.dumps(wrapped(self.config)),
            "summaryMetrics": json.dumps({}),
            "systemMetrics": "{}",
            "createdAt": self.created,
            "readOnly": False,
            "user": {"id": "1", "name": "Ada", "username": "ada"},
            "historyLineCount": len(self.exported + self.rows),
            "historyKeys": self.keys(),
            "history": self.history,
            "parquetHistory": {
                "parquetUrls": [f"{self.address}/exports/{self.name}"] if self.exported else [],
                "liveData": [{"_step": row["_step"]} for row in self.rows],
            },
            **self.told,
        }


class WandbLab:
    """What one server holds, and how it behaves."""

    def __init__(self):
        self.path = (ENTITY, PROJECT)
        self.address = ""
        self.runs = {}
        self.asked = []
        """Queries, as they came."""
        self.fetched = []
        """Host and login of each request for a file."""
        self.answers = []
        """What the next requests get instead: (status, headers, content)."""
        self.left_out = {}
        """By order, the runs its list leaves out."""

    def add(self, run):
        run.address = self.address
        self.runs[run.name] = run
        return run

    def project(self, info, name=None, entityName=None):
        if (entityName, name) != self.path:
            return None
        return {
            "id": "p",
            "internalId": "1",
            "name": name,
            "readOnly": False,
            "runCount": lambda info, filters=None: len(self.runs),
            "runs": self.listed,
            "run": lambda info, name: self.runs[name].node() if name in self.runs else None,
        }

    def listed(self, info, filters=None, order="+created_at", first=50, after=None):
        runs = sorted(self.runs.values(), key=lambda run: run.created, reverse=order.startswith("-"))
        for number, name in self.left_out.get(order, {}).items():  # the list names another run twice instead
            runs = [runs[number] if run.name == name else run for run in runs]
        start = 0 if after is None else int(base64.b64decode(after).decode().rpartition(":")[2]) + 1
        cursor = [
            base64.b64encode(f"arrayconnection:{place}".encode()).decode() for place in range(len(runs))
        ]
        edges = [
            {"node": run.node(), "cursor": cursor[start + place]}
            for place, run in enumerate(runs[start : start + first])
        ]
        return {
            "totalCount": len(runs),
            "edges": edges,
            "pageInfo": {
                "hasNextPage": start + first < len(runs),
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }

    def viewer(self, info, entityName=None):
        return {"id": "1", "name": "Ada", "username": "ada", "entity": ENTITY, "teams": {"edges": []}}

    def answer(self, body):
        asked = json.loads(body)
        self.asked.append(asked)
        root = {"project": self.project, "viewer": self.viewer}
        told = graphql_sync(SCHEMA, asked["query"], root, variable_values=asked.get("variables"))
        answered = {"data": told.data}
        if told.errors:
            answered["errors"] = [{"message": error.message} for error in told.errors]
        status = 400 if told.errors and told.data is None else 200
        return status, {"Content-Type": "application/json"}, json.dumps(answered).encode()


class _Handler(http.server.BaseHTTPRequestHandler):
    lab: WandbLab

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        expected = "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode()
        if self.path != "/graphql":
            status, headers, content = 404, {}, b"not here"
        elif self.lab.answers:
            status, headers, content = self.lab.answers.pop(0)
        elif self.headers.get("Authorization") != expected:
            status, headers, content = 401, {}, b'{"errors":[{"message":"user is not logged in"}]}'
        else:
            status, headers, content = self.lab.answer(body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(content)

    def do_GET(self):
        run = self.lab.runs.get(self.path.removeprefix("/exports/"))
        content = b"" if run is None else exported(run)
        self.lab.fetched.append((self.headers["Host"], self.headers["Authorization"]))
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        """Say nothing."""


def exported(run):
    """The Parquet file of a run's older rows: steps as fractions, as W&B writes them."""
    frame = pl.from_dicts(run.exported, infer_schema_length=None).with_columns(
        pl.col("_step").cast(pl.Float64)
    )
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


@contextlib.contextmanager
def running_lab():
    """A server on this machine: its address, and what it holds."""
    lab = WandbLab()
    handler = type("Handler", (_Handler,), {"lab": lab})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    lab.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield lab.address, lab
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
