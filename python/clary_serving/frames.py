"""Frames over a Unix socket: docs/formats/worker-frames.md. One connection belongs to one thread."""

import array
import collections
import mmap
import os
import select
import socket
import struct

VERSION = 1
START, STARTED, IS_ENDED, ENDED, READY, FAILED, REQUEST, ANSWER, PRELOADED, PIECE, END, STOP = range(1, 13)

SHARED_FROM_BYTES = 64 << 10  # bodies from here on travel in a descriptor
MOST_INSIDE_BYTES = 1 << 20  # of fields, and of a body inside its frame
MOST_SHARED_BYTES = 1 << 40
_BODY_SHARED = 1
_HEAD = struct.Struct("<BBBBIQ")
_BUFFER_BYTES = 128 << 10
_RIGHTS_BYTES = socket.CMSG_SPACE(4 * array.array("i").itemsize)


class FrameError(Exception):
    """What arrived is no frame: the connection is of no use any more."""


class Frame:
    __slots__ = ("kind", "fields", "body")

    def __init__(self, kind, fields, body):
        self.kind = kind
        self.fields = fields  # a list of (name, value), text
        self.body = body  # bytes, or a memoryview of shared memory

    def get(self, name, fallback=None):
        return next((value for key, value in self.fields if key == name), fallback)


def encode_fields(fields):
    """Text of (name, value) pairs as bytes. ValueError for a NUL inside: it would begin another field."""
    parts = []
    for name, value in fields:
        if "\0" in name or "\0" in value:
            raise ValueError(f"a NUL in the field {name!r}")
        parts += (name, value)
    return ("\0".join(parts) + "\0").encode("utf-8", "surrogateescape") if parts else b""


def decode_fields(data):
    if not data:
        return []
    if data[-1:] != b"\0":
        raise FrameError("fields that end without NUL")
    parts = data[:-1].decode("utf-8", "surrogateescape").split("\0")
    if len(parts) % 2:
        raise FrameError("a field without a value")
    return [(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]


class Connection:
    def __init__(self, sock):
        self._socket = sock
        self._buffer = bytearray(_BUFFER_BYTES)  # what has arrived: [begin, end)
        self._begin = 0
        self._end = 0
        self._descriptors = collections.deque()

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()
        while self._descriptors:
            os.close(self._descriptors.popleft())

    def send(self, kind, fields=(), body=b""):
        """Sends one frame. body: anything with the buffer interface; large ones leave by shared memory."""
        packed = encode_fields(fields)
        if len(packed) > MOST_INSIDE_BYTES:
            raise ValueError(f"fields of {len(packed)} bytes: at most {MOST_INSIDE_BYTES}")
        with memoryview(body) as given, given.cast("B") as view:
            if len(view) < SHARED_FROM_BYTES:
                self._send_all([_HEAD.pack(VERSION, kind, 0, 0, len(packed), len(view)), packed, view])
            else:
                self._send_shared(kind, packed, view)

    def _send_shared(self, kind, packed, view):
        shared = os.memfd_create("clary-body", os.MFD_CLOEXEC)
        try:
            left = view
            while left:
                left = left[os.write(shared, left):]
            head = _HEAD.pack(VERSION, kind, _BODY_SHARED, 0, len(packed), len(view)) + packed
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [shared]))]
            sent = self._socket.sendmsg([head], rights)
        finally:
            os.close(shared)
        self._send_all([memoryview(head)[sent:]])

    def _send_all(self, parts):
        parts = [memoryview(part) for part in parts if len(part)]
        while parts:
            sent = self._socket.sendmsg(parts)
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if sent:
                parts[0] = parts[0][sent:]

    def receive(self):
        """The next frame; None at the end of the connection. Ends with FrameError at anything else."""
        if not self._fill(_HEAD.size):
            return None
        version, kind, flags, reserved, fields_length, body_length = _HEAD.unpack_from(self._buffer, self._begin)
        if version != VERSION or flags > _BODY_SHARED or reserved:
            raise FrameError(f"version {version}, flags {flags}: not a frame of this program")
        shared = flags == _BODY_SHARED
        if fields_length > MOST_INSIDE_BYTES or body_length > (MOST_SHARED_BYTES if shared else MOST_INSIDE_BYTES):
            raise FrameError("a frame beyond its limits")
        length = _HEAD.size + fields_length + (0 if shared else body_length)
        if not self._fill(length):
            raise FrameError("the connection ended inside a frame")
        fields_at = self._begin + _HEAD.size
        body_at = fields_at + fields_length
        with memoryview(self._buffer) as view:
            fields = decode_fields(bytes(view[fields_at:body_at]))
            body = self._shared_body(body_length) if shared else bytes(view[body_at:self._begin + length])
        self._begin += length
        if self._begin == self._end:
            self._begin = self._end = 0
        return Frame(kind, fields, body)

    def has_input(self):
        """Whether the other end has sent something that is not received yet, or has closed its end."""
        if self._end > self._begin:
            return True
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        return bool(waiting.poll(0))

    def take_descriptor(self):
        """The descriptor that came with the frame received last, for a kind that brings one."""
        if not self._descriptors:
            raise FrameError("a frame without its descriptor")
        return self._descriptors.popleft()

    def _shared_body(self, length):
        descriptor = self.take_descriptor()
        try:
            if os.fstat(descriptor).st_size < length:
                raise FrameError("a shared body shorter than announced")
            return memoryview(mmap.mmap(descriptor, length, access=mmap.ACCESS_READ)) if length else b""
        finally:
            os.close(descriptor)

    def _fill(self, count):
        """Whether so many bytes are there; False when the connection ends before the first of them."""
        while self._end - self._begin < count:
            if self._begin + count > len(self._buffer):
                self._make_room(count)
            with memoryview(self._buffer) as view, view[self._end:] as space:
                got, rights, flags, _ = self._socket.recvmsg_into([space], _RIGHTS_BYTES, socket.MSG_CMSG_CLOEXEC)
            for level, kind, packed in rights:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    found = array.array("i")
                    found.frombytes(packed[: len(packed) - len(packed) % found.itemsize])
                    self._descriptors.extend(found)
            if flags & socket.MSG_CTRUNC:
                raise FrameError("more descriptors at once than fit")
            if got == 0:
                if self._end > self._begin:
                    raise FrameError("the connection ended inside a frame")
                return False
            self._end += got
        return True

    def _make_room(self, count):
        rest = bytes(self._buffer[self._begin:self._end])
        if count > len(self._buffer):
            self._buffer = bytearray(count)
        self._buffer[: len(rest)] = rest
        self._begin, self._end = 0, len(rest)
