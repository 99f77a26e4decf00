"""A registry that refuses, for one command: `refusing_registry.py ANSWER COMMAND ...`.

The command finds the registry's address in R, and with LOGIN=user:password in its environment it is logged in there.
What it says comes out with PORT for the port. ANSWER is `basic` (a password, but never the one that was given), `token`
(the realm refuses everybody), `scope` (the realm's token is good for nothing), or the status of every answer.
"""

import base64
import contextlib
import http.server
import json
import os
import subprocess
import sys
import threading

ANSWER = sys.argv[1]
MESSAGE = {"code": "UNAUTHORIZED", "message": "authentication required", "detail": "for here"}
WANTED = {"errors": [MESSAGE]}
TLS_HANDSHAKE = b"\x16"
NO_TLS = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing: what is said is the command's."""

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def parse_request(self) -> bool:
        if not self.raw_requestline.startswith(TLS_HANDSHAKE):
            return super().parse_request()
        self.wfile.write(NO_TLS)
        self.close_connection = True
        return False

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host = self.headers["Host"]
        if ANSWER == "basic":
            self.answer(401, WANTED, 'Basic realm="here"')
        elif self.path.startswith("/token"):
            self.answer(*((200, {"token": "t"}) if ANSWER == "scope" else (401, WANTED)))
        elif ANSWER in ("token", "scope"):
            name = self.path.split("/", 2)[2].rsplit("/", 2)[0]
            scope = f',scope="repository:{name}:pull",error="insufficient_scope"' if name else ""
            self.answer(401, WANTED, f'Bearer realm="http://{host}/token",service="here"{scope}')
        else:
            self.answer(int(ANSWER), "no")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET

    def answer(self, status: int, body: object, challenge: str = "") -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header(
            "Content-Type", "text/plain" if isinstance(body, str) else "application/json"
        )
        self.send_header("Content-Length", str(len(data)))
        if challenge:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def logged_in(host: str, login: str) -> str:
    """A DOCKER_CONFIG in this folder that has the same plugins."""
    own = os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker")
    folder = os.path.abspath(".docker-config")
    os.mkdir(folder)
    os.symlink(f"{own}/cli-plugins", f"{folder}/cli-plugins")
    auth = base64.b64encode(login.encode()).decode()
    with open(f"{folder}/config.json", "w") as file:
        json.dump({"auths": {host: {"auth": auth}}}, file)
    return folder


def main() -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = str(server.server_port)
    env = {**os.environ, "R": f"127.0.0.1:{port}"}
    if login := os.environ.get("LOGIN"):
        env["DOCKER_CONFIG"] = logged_in(env["R"], login)
    done = subprocess.run(sys.argv[2:], capture_output=True, text=True, env=env)
    sys.stdout.write(done.stdout.replace(port, "PORT"))
    sys.stderr.write(done.stderr.replace(port, "PORT"))
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
