"""A reference peer of the `mesh` protocol: JSON announcements by multicast, newline-delimited JSON between peers that all know each other."""

import argparse
import datetime
import json
import secrets
import socket
import struct
import threading
import time

from report import background, commands, report

parser = argparse.ArgumentParser()
parser.add_argument("--id", required=True)
parser.add_argument("--username", required=True)
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--group", default="224.0.0.1")
parser.add_argument("--group-port", type=int, default=9999)
parser.add_argument("--interface", default="127.0.0.1")
parser.add_argument("--silence", type=float, default=120, help="seconds after which a connection is given up")
parser.add_argument("--every", type=float, default=5, help="seconds between announcements")
options = parser.parse_args()

lock = threading.RLock()
state = {"name": options.username, "sequence": 0, "announced": 0}
links = {}  # peer id -> socket
known = {}  # peer id -> [host, port, name, heard, failures, not before]


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((options.interface, options.port))
listener.listen()
port = listener.getsockname()[1]

group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
group.bind((options.group, options.group_port))
membership = struct.pack("4s4s", socket.inet_aton(options.group), socket.inet_aton(options.interface))
group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(options.interface))
group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)


def announce(kind="announce"):
    state["announced"] += 1
    message = {
        "type": kind, "peer_id": options.id, "username": state["name"], "address": f"[::]:{port}",
        "port": port, "timestamp": now(), "sequence": state["announced"] - 1,
    }
    group.sendto(json.dumps(message).encode(), (options.group, options.group_port))


def message(kind, content="", sequence=None):
    if sequence is None:
        state["sequence"] += 1
        sequence = state["sequence"]
    return {
        "id": secrets.token_hex(8), "type": kind, "sender_id": options.id, "username": state["name"],
        "content": content, "timestamp": now(), "sequence": sequence, "room_id": "general",
    }


def send_line(sock, object_):
    sock.sendall(json.dumps(object_).encode() + b"\n")


def to_all(object_):
    with lock:
        targets = list(links.values())
    for sock in targets:
        try:
            send_line(sock, object_)
        except OSError:
            pass


def serve(sock, peer):
    """`peer` is known where we dialled; else the first line tells."""
    sock.settimeout(options.silence)
    reader = sock.makefile("rb")
    try:
        if peer is not None:
            send_line(sock, message("join", sequence=0))
            up(peer, sock, True)
        for line in reader:
            received = json.loads(line)
            if not all(received.get(key) for key in ("id", "type", "sender_id")):
                raise ValueError("incomplete message")
            if peer is None:
                if received["type"] != "join":
                    raise ValueError("no join")
                peer = received["sender_id"]
                report("joined", id=peer, sequence=received.get("sequence"))
                up(peer, sock, False)
            kind = received["type"]
            if kind == "leave":
                report("leave", id=peer)
                break
            report(kind, **{key: received.get(key) for key in ("id", "sender_id", "username", "content", "room_id", "timestamp")})
    except (OSError, ValueError) as error:
        report("trouble", id=peer, reason=str(error))
    finally:
        sock.close()
        with lock:
            if peer is not None and links.get(peer) is sock:
                del links[peer]
                report("peer", state="down", id=peer)


def up(peer, sock, dialled):
    with lock:
        links[peer] = sock
        if peer in known:
            known[peer][4] = 0
    report("peer", state="up", id=peer, dialled=dialled)


def accept():
    while True:
        sock, _ = listener.accept()
        background(serve, sock, None)


def dial(peer):
    host, peer_port = known[peer][:2]
    try:
        sock = socket.create_connection((host, peer_port), 5)
    except OSError:
        with lock:
            failures = known[peer][4] = known[peer][4] + 1
            known[peer][5] = time.monotonic() + min(64, 2**failures)
        report("dial-failed", id=peer, failures=failures)
        return
    serve(sock, peer)


def discover():
    while True:
        datagram, (host, _) = group.recvfrom(1024)
        try:
            said = json.loads(datagram)
        except ValueError:
            continue
        peer = said["peer_id"]
        if peer == options.id:
            continue
        if said["type"] == "leave":
            report("announced-leave", id=peer)
            continue
        with lock:
            is_new = peer not in known
            entry = known.setdefault(peer, [host, said["port"], said["username"], 0, 0, 0.0])
            entry[0], entry[1], entry[2], entry[3] = host, said["port"], said["username"], time.monotonic()
            is_due = options.id.encode() < peer.encode() and peer not in links and time.monotonic() >= entry[5]
            if is_due:
                # Not again while this attempt is under way.
                entry[5] = time.monotonic() + 5
        if is_new:
            report("found", id=peer, username=said["username"], port=said["port"], type=said["type"])
        if is_due:
            background(dial, peer)


def repeat(every, act):
    while True:
        time.sleep(every)
        act()


background(accept)
background(discover)
announce()
background(repeat, options.every, announce)
background(repeat, 30, lambda: to_all(message("heartbeat")))
report("ready", id=options.id, port=port)
for command in commands():
    todo = command["do"]
    if todo == "send":
        to_all(message("chat", command["msg"]))
    elif todo == "nick":
        old, state["name"] = state["name"], command["name"]
        to_all(message("join", f"{old} is now known as {command['name']}"))
    elif todo == "announce":
        announce(command.get("type", "announce"))
    elif todo == "heartbeat":
        to_all(message("heartbeat"))
    elif todo == "quit":
        announce("leave")
        to_all(message("leave"))
        break
