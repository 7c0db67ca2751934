"""Runs a command while servers that keep objects run on loopback, each with a data folder of its own.

    servers.py FOLDER AZURITE COMMAND...

JUMPBAG_TEST_SERVERS then names a JSON file that says where they are, and how to log in. What the command returns is
returned.

Azurite knows shared access signatures, and no identities of Entra. The S3-compatible server is moto, which answers
conditional writes as S3 does, one request at a time; it knows no rights and keeps nothing. No emulator of Google Cloud
Storage was found in a package registry that honours conditions (gcp-storage-emulator ignores them and cannot list), so
that it is a stand-in of ours, written from Google's pages.
"""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import urllib.parse

import gcs

# Public, and the same in every Azurite: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

# As many as 10,000 runs leave in a history.
ENTRIES = 10_000


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def shared_access(permissions):
    """An account SAS: https://learn.microsoft.com/rest/api/storageservices/create-account-sas"""
    version, services, kinds, protocols = "2021-12-02", "b", "sco", "https,http"
    expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    expiry = expiry.strftime("%Y-%m-%dT%H:%M:%SZ")
    text = "\n".join([ACCOUNT, permissions, services, kinds, "", expiry, "", protocols, version, "", ""])
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    return urllib.parse.urlencode({
        "sv": version, "ss": services, "srt": kinds, "sp": permissions, "se": expiry, "spr": protocols,
        "sig": base64.b64encode(digest).decode(),
    })


def request(port, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, headers={"Content-Length": "0", **headers})
    response = connection.getresponse()
    response.read()
    assert response.status in (200, 201), f"{method} {path}: {response.status}"


def azurite(command, folder):
    """Starts Azurite's blob service; returns its process and what a test needs to know."""
    port = free_port()
    data = folder / "azurite"
    data.mkdir()
    process = subprocess.Popen(
        [command, "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(data),
         "--skipApiVersionCheck", "--disableTelemetry"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if "successfully listens" in line:
            break
    # What it says from now on is nobody's concern, and must not fill the pipe.
    threading.Thread(target=process.stdout.read, daemon=True).start()
    request(port, "PUT", f"/{ACCOUNT}/states?restype=container&{shared_access('rwdlac')}", **{"x-ms-version": "2021-12-02"})
    account = {
        "AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT,
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/{ACCOUNT}",
    }
    return process, {
        "name": "azurite",
        "backend": "azure",
        "url": "az://states/jumpbag",
        "nowhere": "az://nothing/jumpbag",
        "environment": {**account, "AZURE_STORAGE_ACCOUNT_KEY": KEY},
        "reader": {**account, "AZURE_STORAGE_SAS_KEY": shared_access("rl")},
        "writer": {**account, "AZURE_STORAGE_SAS_KEY": shared_access("rwdlac")},
    }


def s3():
    """Starts moto's S3 in this process; returns what a test needs to know."""
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.s3.models import s3_backends
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    port = free_port()
    dispatcher = DomainDispatcherApplication(create_backend_app)
    turn = threading.Lock()

    def application(environment, start_response):
        # By itself, moto lets another request in between a condition and its write.
        with turn:
            return list(dispatcher(environment, start_response))

    server = make_server("127.0.0.1", port, application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    request(port, "PUT", "/states")
    # By requests, these would take a minute.
    bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    for entry in range(ENTRIES):
        bucket.put_object("states", f"seeded/history/{entry}.json", b"{}")
    return {
        "name": "moto",
        "seeded": "s3://states/seeded",
        "backend": "s3",
        "url": "s3://states/jumpbag",
        "nowhere": "s3://nothing/jumpbag",
        "environment": {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        },
        "reader": {},
    }


def google():
    """Starts the stand-in for Google Cloud Storage in this process; returns what a test needs to know."""
    account = {"GOOGLE_BASE_URL": gcs.start(ENTRIES)}
    return {
        "name": "gcs",
        "seeded": "gs://states/seeded",
        "backend": "gcs",
        "url": "gs://states/jumpbag",
        "nowhere": "gs://nothing/jumpbag",
        "environment": {**account, "GOOGLE_BEARER_TOKEN": gcs.WRITER},
        "reader": {**account, "GOOGLE_BEARER_TOKEN": gcs.READER},
    }


def main():
    folder, command, *test = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    import logging
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    process, blobs = azurite(command, folder)
    try:
        path = folder / "servers.json"
        path.write_text(json.dumps([blobs, s3(), google()]))
        sys.exit(subprocess.run(test, env={**os.environ, "JUMPBAG_TEST_SERVERS": str(path)}).returncode)
    finally:
        process.terminate()
        process.wait()


main()
