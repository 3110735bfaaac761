"""A reference peer of the `framed` protocol: length-prefixed JSON over TCP, flooding by id and ttl, raw PCM voice over UDP."""

import argparse
import datetime
import json
import math
import socket
import struct
import threading
import time
import uuid

from report import background, commands, report

FRAME_MAX = 10 * 1024 * 1024
RATE, SAMPLES = 16000, 320

parser = argparse.ArgumentParser()
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--udp-port", type=int)
parser.add_argument("--connect", action="append", default=[])
parser.add_argument("--username")
options = parser.parse_args()
name = options.username or f"user-{options.port}"
udp_port = options.udp_port or options.port + 1000
node_id = f"{options.host}:{options.port}"

peers = {}  # id -> socket
seen = {}
endpoints = {}  # node id -> (host, port)
lock = threading.RLock()
state = {"room": "general", "voice": False, "sequence": 0}
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind((options.host, udp_port))


def send_frame(sock, message):
    body = json.dumps(message).encode()
    sock.sendall(struct.pack("!I", len(body)) + body)


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        part = sock.recv(count - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def read_frame(sock):
    (length,) = struct.unpack("!I", read_exactly(sock, 4))
    if length > FRAME_MAX:
        raise ConnectionError("frame too long")
    return json.loads(read_exactly(sock, length))


def hello():
    return {"id": str(uuid.uuid4()), "type": "hello", "from": node_id, "username": name}


def is_new(message_id):
    now = time.monotonic()
    with lock:
        for old in [each for each, at in seen.items() if now - at > 120]:
            del seen[old]
        if message_id in seen:
            return False
        seen[message_id] = now
        return True


def flood(message, but=None):
    with lock:
        others = [(peer, sock) for peer, sock in peers.items() if peer != but]
    for _, sock in others:
        try:
            send_frame(sock, message)
        except OSError:
            pass


def handle(peer, message):
    if not is_new(message["id"]):
        report("duplicate", id=message["id"], type=message["type"])
        return
    kind = message["type"]
    if kind == "chat":
        if message["room"] == state["room"]:
            report("chat", **{key: message[key] for key in ("id", "from", "username", "room", "msg", "ttl", "ts")})
    elif kind == "voice_join":
        with lock:
            endpoints[message["from"]] = (message["udp_host"], message["udp_port"])
        report("voice_join", sender=message["from"], room=message["room"], username=message["username"])
    elif kind == "voice_leave":
        with lock:
            endpoints.pop(message["from"], None)
        report("voice_leave", sender=message["from"], room=message["room"])
    else:
        report("other", type=kind)
    if message.get("ttl", 0) > 0:
        flood({**message, "ttl": message["ttl"] - 1}, peer)


def serve(sock, dialled):
    peer = None
    try:
        if dialled:
            send_frame(sock, hello())
        first = read_frame(sock)
        if first["type"] != "hello":
            raise ConnectionError("no hello")
        if not dialled:
            send_frame(sock, hello())
        peer = first["from"]
        with lock:
            peers[peer] = sock
        report("peer", state="up", id=peer, username=first["username"])
        while True:
            handle(peer, read_frame(sock))
    except (OSError, ValueError, KeyError) as error:
        if peer is not None:
            with lock:
                if peers.get(peer) is sock:
                    del peers[peer]
            report("peer", state="down", id=peer, reason=str(error))
    finally:
        sock.close()


def accept(listener):
    while True:
        sock, _ = listener.accept()
        background(serve, sock, False)


def connect(host, port):
    sock = socket.create_connection((host, int(port)), 10)
    sock.settimeout(None)
    background(serve, sock, True)


def hear():
    """Counts and measures what comes, frame by frame."""
    last = {}
    while True:
        datagram, source = udp.recvfrom(2048)
        if len(datagram) != 696:
            report("bad-datagram", length=len(datagram))
            continue
        room = datagram[:16].rstrip(b"\0").decode()
        sender = datagram[16:52].rstrip(b"\0").decode()
        (sequence,) = struct.unpack("!I", datagram[52:56])
        if sequence != 0 and sequence <= last.get(sender, -1):
            continue
        last[sender] = sequence
        samples = struct.unpack("<320h", datagram[56:])
        rms = math.sqrt(sum(each * each for each in samples) / SAMPLES)
        report("sound", at=time.time() * 1000, room=room, sender=sender, sequence=sequence, rms=round(rms, 1), peak=max(map(abs, samples)))


def speak(samples):
    state["sequence"] += 1
    head = state["room"].encode()[:16].ljust(16, b"\0") + node_id.encode()[:36].ljust(36, b"\0")
    datagram = head + struct.pack("!I", state["sequence"]) + struct.pack("<320h", *samples)
    with lock:
        targets = list(endpoints.values())
    for target in targets:
        udp.sendto(datagram, target)


def tone(frames, hertz=1000, amplitude=10000):
    """By the clock: a frame that is late does not make the next ones late. Reports when it began, and how late each frame left."""
    sine = [
        [round(amplitude * math.sin(2 * math.pi * hertz * (frame * SAMPLES + i) / RATE)) for i in range(SAMPLES)]
        for frame in range(frames)
    ]
    began, start, late = time.time(), time.monotonic(), []
    for frame, samples in enumerate(sine):
        due = start + frame * 0.02
        time.sleep(max(0, due - time.monotonic()))
        speak(samples)
        late.append(round(1000 * (time.monotonic() - due), 1))
    report("toned", began=began * 1000, late=late)


def keep_alive():
    while True:
        time.sleep(1)
        if state["voice"] == "muted":
            speak([0] * SAMPLES)


def common(kind, **more):
    stamp = datetime.datetime.now().isoformat(timespec="seconds")
    message = {"id": str(uuid.uuid4()), "type": kind, "from": node_id, "username": name, "ttl": 5, "ts": stamp, **more}
    is_new(message["id"])
    return message


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((options.host, options.port))
listener.listen()
background(accept, listener)
background(hear)
background(keep_alive)
report("ready", id=node_id)
for each in options.connect:
    connect(*each.rsplit(":", 1))
for command in commands():
    todo = command["do"]
    if todo == "send":
        flood(common("chat", room=state["room"], msg=command["msg"]))
    elif todo == "room":
        state["room"] = command["room"]
    elif todo == "connect":
        connect(command["host"], command["port"])
    elif todo == "voice":
        state["voice"] = command["state"]
        if command["state"] == "join":
            flood(common("voice_join", room=state["room"], udp_host=options.host, udp_port=udp_port))
        elif command["state"] == "leave":
            flood(common("voice_leave", room=state["room"]))
    elif todo == "tone":
        background(tone, command["frames"])
    elif todo == "raw":
        flood(common(command["type"], **command.get("more", {})))
    elif todo == "exit":
        break
