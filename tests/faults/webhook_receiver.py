"""A receiver of webhooks that takes messages until it is killed, now and then badly: `PORT LOG SEED BADLY`.

It needs nothing but Python, so that it is there again in an instant.
"""

import http.server
import json
import os
import random
import sys
import threading

HANGS_S = 0.2


class Takes(http.server.BaseHTTPRequestHandler):
    """Notes what it took before it says so, as a receiver should."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        dice = self.server.chance.random() if self.server.badly else 1.0
        if dice < 0.1:
            threading.Event().wait(HANGS_S)
        if dice < 0.2:
            return
        status = 500 if dice < 0.35 else 404 if dice < 0.4 else 204
        if status == 204:
            line = f"{body['ticket']} {body['seq']} {body['id']} {self.headers['Assay-Delivery']}\n"
            os.write(self.server.log, line.encode())
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def main(port, log, seed, badly):
    with http.server.HTTPServer(("127.0.0.1", int(port)), Takes) as server:
        server.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        server.chance, server.badly = random.Random(int(seed)), badly == "badly"
        os.write(1, b"ready\n")
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
