"""InfluxDB as the stream and the boards see it: an address, a bucket, and tokens that lie in files."""

import json
import secrets
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Literal
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from swatlib.servers.tools import ServicesError, store

ORG, BUCKET, MONITORING = "swat", "swat", "telegraf"
Right = Literal["write", "read", "operator"]
OPERATOR: Right = "operator"
WRITE: Right = "write"
READ: Right = "read"
SECRET = 0o600

direct = build_opener(ProxyHandler({}))  # as influxdb-client does: no proxy can reach this machine's loopback


class RefusedError(ServicesError):
    """An answer that is an error; `code` is its HTTP status."""

    def __init__(self, url: str, error: HTTPError):
        with error:
            reason = error.read().decode(errors="replace")
        super().__init__(f"{url} answered {error.code} {error.reason}: {reason:.200}")
        self.code = error.code


@dataclass(frozen=True)
class Influx:
    """Where points go. `tokens` is a folder with the files `write` and `read`, or one file for both.

    `operator`, beside those that are made here, may do everything; only the set-up needs it.
    """

    url: str
    org: str
    bucket: str
    tokens: Path

    def token(self, right: Right) -> str:
        """The token with this right alone, from its file at every call. Raises ServicesError when it isn't there."""
        path = self.tokens / right if self.tokens.is_dir() else self.tokens
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServicesError(f"The token file {path} can't be read: {error.strerror}.") from None


def healthy(url: str) -> bool:
    """Whether an InfluxDB answers here that it is ready."""
    try:
        return ask(url, "/health")["status"] == "pass"
    except (OSError, HTTPException, ValueError, KeyError, TypeError):  # no program answers, or another one
        return False


def try_write(influx: Influx) -> None:
    """Write no points at all. Raises RefusedError when its bucket isn't there, or its token may not write to it."""
    ask(influx.url, f"/api/v2/write?org={quote(influx.org)}&bucket={quote(influx.bucket)}", influx.token(WRITE), b"")


def set_up(url: str, folder: Path) -> Influx:
    """Make the organisation, both buckets (without a time limit) and three tokens, where they are missing.

    Each token is stored before it is used, or as soon as it is known, so that a start that was interrupted goes on.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    operator = folder / OPERATOR
    if ask(url, "/api/v2/setup")["allowed"]:
        if not operator.exists():
            store(operator, secrets.token_urlsafe(32), SECRET)
        for right in (WRITE, READ):
            (folder / right).unlink(missing_ok=True)  # of an InfluxDB that was here before
        ask(url, "/api/v2/setup", body=_first_user(operator.read_text(encoding="utf-8")))
    if not operator.exists():
        raise ServicesError(f"{operator} is missing: put it back, or delete {folder.parent} to begin with no data.")
    token = operator.read_text(encoding="utf-8")
    org = ask(url, f"/api/v2/orgs?org={ORG}", token)["orgs"][0]["id"]
    buckets = [_bucket(url, token, org, name) for name in (BUCKET, MONITORING)]
    for right in (WRITE, READ):
        if not (folder / right).exists():
            store(folder / right, _token(url, token, org, buckets, right), SECRET)
    return Influx(url, ORG, BUCKET, folder)


def ask(url: str, path: str, token: str | None = None, body: object = None) -> dict:
    """The JSON that InfluxDB answers to a GET, or to a POST of `body`.

    Raises RefusedError when the answer is an error, OSError when no server answers.
    """
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Token {token}"} if token else {}
    try:
        with direct.open(Request(url + path, data, headers), timeout=10) as answer:
            return json.loads(answer.read() or b"{}")
    except HTTPError as error:
        raise RefusedError(url + path.partition("?")[0], error) from None


def _first_user(token: str) -> dict:
    """Its password is not used: the operator token does the whole set-up."""
    user = {"username": "swat", "password": secrets.token_urlsafe(32)}
    return {**user, "org": ORG, "bucket": BUCKET, "retentionPeriodSeconds": 0, "token": token}


def _bucket(url: str, token: str, org: str, name: str) -> str:
    for bucket in ask(url, f"/api/v2/buckets?orgID={org}&limit=100", token)["buckets"]:
        if bucket["name"] == name:
            return bucket["id"]
    return ask(url, "/api/v2/buckets", token, {"orgID": org, "name": name, "retentionRules": []})["id"]


def _token(url: str, token: str, org: str, buckets: list[str], right: str) -> str:
    resources = [{"type": "buckets", "id": bucket, "orgID": org} for bucket in buckets]
    permissions = [{"action": right, "resource": resource} for resource in resources]
    wanted = {"orgID": org, "description": f"swat {right}", "permissions": permissions}
    return ask(url, "/api/v2/authorizations", token, wanted)["token"]
