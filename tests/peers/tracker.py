"""A reference node of the `tracker` protocol: one JSON object a connection, an elected tracker, everything on one host."""

import argparse
import json
import socket
import threading
import time

from report import background, commands, report

parser = argparse.ArgumentParser()
parser.add_argument("--tracker-port", type=int, default=5000)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--username", default="anonymous")
parser.add_argument("--serve", action="store_true", help="be the tracker at first, and nothing else")
parser.add_argument("--every", type=float, default=5)
options = parser.parse_args()
HOST = "localhost"

lock = threading.RLock()
peers = {}
tracked = {}
state = {"electing": False, "serving": False}


def listen(port):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(64)
    return sock


def ask(port, object_, answers=True, timeout=3):
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        sock.settimeout(timeout)
        sock.sendall(json.dumps(object_).encode())
        return sock.recv(1024) if answers else b""


# The tracker.


def serve_tracker(sock):
    report("serving", port=options.tracker_port)
    state["serving"] = True
    while True:
        connection, _ = sock.accept()
        background(answer, connection)


def answer(connection):
    with connection:
        try:
            request = json.loads(connection.recv(1024))
            action = request["action"]
        except (ValueError, KeyError, OSError) as error:
            report("bad-request", reason=str(error))
            return
        report("request", action=action, port=request.get("port"))
        with lock:
            if action == "register":
                tracked[str(request["port"])] = request["port"]
            elif action == "populate":
                tracked.update(request["peers"])
                return
            connection.sendall(json.dumps(tracked).encode())


# A peer.


def hear(sock):
    while True:
        connection, _ = sock.accept()
        background(heard, connection)


def heard(connection):
    with connection:
        try:
            received = json.loads(connection.recv(1024))
        except (ValueError, OSError) as error:
            report("bad-message", reason=str(error))
            return
        if received.get("type") == "election":
            report("election-asked")
            connection.sendall(b"ok")
            background(elect)
        else:
            report("message", username=received["username"], message=received["message"])


def elect():
    with lock:
        if state["electing"] or state["serving"]:
            return
        state["electing"] = True
    try:
        report("electing")
        with lock:
            higher = [port for port in peers.values() if port > own]
        replies = []

        def poll(port):
            try:
                if ask(port, {"type": "election"}) == b"ok":
                    replies.append(port)
            except OSError:
                pass

        threads = [background(poll, port) for port in higher]
        for thread in threads:
            thread.join(3)
        if replies:
            report("yielded", to=replies)
            return
        try:
            sock = listen(options.tracker_port)
        except OSError:
            report("not-elected")
            return
        background(serve_tracker, sock)
        with lock:
            known = dict(peers)
        known[str(own)] = own
        ask(options.tracker_port, {"action": "populate", "peers": known}, answers=False)
        report("elected", port=own)
        say("System", f"👑 Node {own} elected leader. New tracker started.")
    finally:
        state["electing"] = False


def say(username, text):
    with lock:
        others = [port for port in peers.values() if port != own]
    for port in others:
        try:
            ask(port, {"username": username, "message": text}, answers=False)
        except OSError:
            report("unreached", port=port)


def follow():
    registered = False
    while True:
        try:
            request = {"action": "get_peers"} if registered else {"action": "register", "port": own}
            answered = json.loads(ask(options.tracker_port, request))
            registered = True
            with lock:
                if answered != peers:
                    report("peers", ports=sorted(answered.values()))
                peers.clear()
                peers.update(answered)
            report("looked", ports=sorted(answered.values()))
        except (OSError, ValueError) as error:
            report("tracker-lost", reason=str(error))
            elect()
        time.sleep(options.every)


if options.serve:
    background(serve_tracker, listen(options.tracker_port))
    report("ready", port=options.tracker_port)
else:
    own_socket = listen(options.port)
    own = own_socket.getsockname()[1]
    background(hear, own_socket)
    report("ready", port=own)
    background(follow)
for command in commands():
    if command["do"] == "send":
        say(options.username, command["msg"])
    elif command["do"] == "ask":
        report("answer", text=ask(command["port"], command["request"]).decode())
    elif command["do"] == "exit":
        break
