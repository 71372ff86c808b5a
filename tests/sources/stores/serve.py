"""A store that speaks like S3, in an environment of its own: every request is written down, strangers are refused.

python serve.py PORT LOG
"""

from __future__ import annotations

import json
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

REFUSED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Guarded:
    """The store behind a door: only requests signed with the key that tests use come in."""

    def __init__(self, log_file):
        self.app = DomainDispatcherApplication(create_backend_app)
        self.log = open(log_file, "a", buffering=1)  # noqa: PTH123, SIM115

    def __call__(self, environ, start_response):
        status = []

        def begin(said, headers, problem=None):
            status.extend([said, dict(headers).get("Content-Length")])
            return start_response(said, headers, problem)

        if "Credential=TESTKEY/" in environ.get("HTTP_AUTHORIZATION", ""):
            body = self.app(environ, begin)
        else:
            begin("403 Forbidden", [("Content-Type", "application/xml"), ("Content-Length", str(len(REFUSED)))])
            body = [REFUSED]
        request = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "status": status[0]}
        self.log.write(json.dumps(request | {"n_bytes": int(status[1] or 0)}) + "\n")
        return body


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), Guarded(sys.argv[2]), threaded=True).serve_forever()
