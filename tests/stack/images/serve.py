"""Answers every address with a few words, once the files that it is given can be read."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

port, *needed = sys.argv[1:]
for path in needed:
    if not Path(path).read_bytes():
        sys.exit(f"{path} is empty.")


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"It stands in for the boards.\n")

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("", int(port)), Page).serve_forever()
