"""A stand-in for Google Cloud Storage, as far as its XML API's pages say it: buckets, objects, generations, conditions, and
lists of one level or all. No emulator in a package registry does as much. It knows two tokens, and keeps nothing.

https://cloud.google.com/storage/docs/xml-api/reference-methods
https://cloud.google.com/storage/docs/xml-api/reference-headers#xgoogifgenerationmatch
"""

import base64
import email.utils
import hashlib
import http.server
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

# Who may do all, and who may read.
WRITER, READER = "gcs-token-of-the-writer", "gcs-token-of-the-reader"

# As many as the service gives at once; fewer would be allowed, too.
PAGE = 1000


class Storage:
    """Objects by bucket and name: each with its bytes, its generation and its time."""

    def __init__(self):
        self.turn = threading.Lock()
        self.buckets = {"states": {}}
        self.generation = int(time.time() * 1_000_000)

    def put(self, bucket, name, content):
        self.generation += 1
        self.buckets[bucket][name] = (content, self.generation, time.time())
        return self.generation


def etag(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    storage: Storage

    def log_message(self, *_):
        pass

    def answer(self, status, content=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def refuse(self, status, code, message):
        text = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        self.answer(status, text.encode(), Content_Type="application/xml; charset=UTF-8")

    def handle_one(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path, _, query = self.path.partition("?")
        bucket, _, name = path.lstrip("/").partition("/")
        bucket, name = urllib.parse.unquote(bucket), urllib.parse.unquote(name)
        query = dict(urllib.parse.parse_qsl(query))
        with self.storage.turn:
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token not in (WRITER, READER):
                self.refuse(401, "AuthenticationRequired", "Authentication required.")
            elif token == READER and self.command in ("PUT", "DELETE"):
                self.refuse(403, "AccessDenied", "Access denied.")
            elif bucket not in self.storage.buckets:
                self.refuse(404, "NoSuchBucket", "The specified bucket does not exist.")
            elif not name:
                self.list(self.storage.buckets[bucket], query)
            elif self.command == "PUT":
                self.put(bucket, name, content)
            else:
                self.get_or_delete(self.storage.buckets[bucket], name)

    do_GET = do_HEAD = do_PUT = do_DELETE = handle_one

    def put(self, bucket, name, content):
        condition = self.headers.get("x-goog-if-generation-match")
        held = self.storage.buckets[bucket].get(name)
        # 0 is the generation of what is not there.
        if condition is not None and int(condition) != (held[1] if held else 0):
            message = "At least one of the pre-conditions you specified did not hold."
            return self.refuse(412, "PreconditionFailed", message)
        generation = self.storage.put(bucket, name, content)
        self.answer(200, ETag=etag(content), x_goog_generation=str(generation))

    def get_or_delete(self, objects, name):
        if name not in objects:
            return self.refuse(404, "NoSuchKey", "The specified key does not exist.")
        if self.command == "DELETE":
            del objects[name]
            return self.answer(204)
        content, generation, written = objects[name]
        self.answer(
            200, content, ETag=etag(content), x_goog_generation=str(generation),
            Last_Modified=email.utils.formatdate(written, usegmt=True),
            x_goog_hash=f"md5={base64.b64encode(hashlib.md5(content).digest()).decode()}")

    def list(self, objects, query):
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter")
        found, folders = [], set()
        for name in sorted(objects):
            if not name.startswith(prefix):
                continue
            inner, cut, _ = name[len(prefix):].partition(delimiter) if delimiter else (name, "", "")
            if not cut:
                found.append(name)
            elif (folder := prefix + inner + delimiter) not in folders:
                folders.add(folder)
                found.append(folder)
        rest = [name for name in found if name > query.get("continuation-token", "")]
        text = ["<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>"]
        for name in rest[:PAGE]:
            if name in folders:
                text.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
                continue
            content, generation, written = objects[name]
            written = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(written))
            text.append(
                f"<Contents><Key>{escape(name)}</Key><Generation>{generation}</Generation><LastModified>{written}"
                f"</LastModified><ETag>{escape(etag(content))}</ETag><Size>{len(content)}</Size></Contents>")
        if len(rest) > PAGE:
            text.append(f"<IsTruncated>true</IsTruncated><NextContinuationToken>{escape(rest[PAGE - 1])}</NextContinuationToken>")
        text.append("</ListBucketResult>")
        self.answer(200, "".join(text).encode(), Content_Type="application/xml; charset=UTF-8")


def start(entries):
    """Starts it, with so many entries in the history of `seeded`; returns where it is."""
    storage = Storage()
    for entry in range(entries):
        storage.put("states", f"seeded/history/{entry}.json", b"{}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"storage": storage}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"
