"""A gRPC client whose channels come from xDS: an HTTP server that makes the calls it is asked for. grpcio-xds.py <port>

    GET /call?target=cart&version=v2   calls /heddle.Echo/Unary of xds:///cart with x-version: v2

The answer is {"code": 0, "message": "…"}: the status of the call, and what came back or why nothing did.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, urlsplit

import grpc
import grpc.experimental

CALL_LIMIT_SECONDS = 2


class Channels:
    def __init__(self) -> None:
        self.open: dict[str, grpc.Channel] = {}
        self.lock = Lock()

    def to(self, target: str) -> grpc.Channel:
        with self.lock:
            if target not in self.open:
                # TLS where the cluster says so, with the certificates that the bootstrap names.
                credentials = grpc.xds_channel_credentials(grpc.experimental.insecure_channel_credentials())
                self.open[target] = grpc.secure_channel(f"xds:///{target}", credentials)
            return self.open[target]

    def close(self, target: str) -> None:
        """A channel that is closed gives up what it subscribed to."""
        with self.lock:
            channel = self.open.pop(target, None)
        if channel is not None:
            channel.close()


channels = Channels()


def call(target: str, version: str) -> dict[str, object]:
    unary = channels.to(target).unary_unary("/heddle.Echo/Unary")
    metadata = (("x-version", version),) if version else ()
    try:
        answer = unary(b"hello", metadata=metadata, timeout=CALL_LIMIT_SECONDS)
    except grpc.RpcError as error:
        return {"code": error.code().value[0], "message": error.details()}
    return {"code": 0, "message": answer.decode()}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        answer: dict[str, object] = {}
        if url.path == "/call":
            answer = call(query["target"], query.get("version", ""))
        elif url.path == "/close":
            channels.close(query["target"])
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
