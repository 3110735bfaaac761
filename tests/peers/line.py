"""A reference end of the `line` protocol: two people, one line a message, files as a header line and so many raw bytes."""

import argparse
import os
import re
import socket
import time

from report import background, commands, report

parser = argparse.ArgumentParser()
sub = parser.add_subparsers(dest="mode", required=True)
for mode in ("listen", "connect"):
    each = sub.add_parser(mode)
    if mode == "listen":
        each.add_argument("--host", default="127.0.0.1")
        each.add_argument("--port", type=int, default=5050)
    else:
        each.add_argument("host")
        each.add_argument("port", type=int)
    each.add_argument("--name", default="Anonymous")
    each.add_argument("--folder", default="received_files")
options = parser.parse_args()


def open_connection():
    if options.mode == "connect":
        sock = socket.create_connection((options.host, options.port), 10)
        sock.settimeout(None)
        return sock
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(1)
    report("ready", port=listener.getsockname()[1])
    connection, _ = listener.accept()
    listener.close()
    return connection


def read(connection):
    """As the original reads: whatever one recv brings is one line, and a file's header is one only by itself."""
    while True:
        data = connection.recv(4096)
        if not data:
            report("closed")
            return
        if data.startswith(b"/file "):
            parts = data.decode(errors="replace").rstrip("\n").split(" ")
            if len(parts) != 3 or not parts[2].isdigit() or not data.endswith(b"\n"):
                report("bad-header", header=data.decode(errors="replace"))
                continue
            receive(connection, parts[1], int(parts[2]))
            continue
        try:
            text = data.decode()
        except UnicodeDecodeError:
            # It ends there, as a thread does that nobody looks after.
            report("undecodable", bytes=len(data))
            return
        # Shown as it is: of what came together each line looks like one.
        for line in text.splitlines():
            match = re.fullmatch(r"\[(.*?)\] (.*)", line)
            if match is None:
                report("line", text=line)
            else:
                report("message", name=match[1], text=match[2])


def receive(connection, filename, size):
    os.makedirs(options.folder, exist_ok=True)
    path = os.path.join(options.folder, os.path.basename(filename))
    left = size
    with open(path, "wb") as file:
        while left > 0:
            data = connection.recv(min(4096, left))
            if not data:
                break
            file.write(data)
            left -= len(data)
    report("file", name=filename, size=size, path=path, whole=left == 0)


connection = open_connection()
if options.mode == "connect":
    report("ready")
report("connected")
background(read, connection)
for command in commands():
    todo = command["do"]
    if todo == "send":
        connection.sendall(f"[{options.name}] {command['msg']}\n".encode())
    elif todo == "file":
        with open(command["path"], "rb") as file:
            content = file.read()
        connection.sendall(f"/file {os.path.basename(command['path'])} {len(content)}\n".encode())
        time.sleep(0.1)
        connection.sendall(content)
    elif todo == "quit":
        connection.sendall(f"[{options.name}] has left the chat.\n".encode())
        connection.close()
        break
