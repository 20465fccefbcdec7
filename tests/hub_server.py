"""A Hub on this machine: the protocol of huggingface.co as its Python client speaks it, with faults on demand.

Two servers, since a redirect to the same one is taken for an answer: the Hub, and a CDN where large files lie.
"""

import base64
import hashlib
import itertools
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from hub_answers import Answer, Answers, Fault

TOKEN = "hf_goodgoodgoodgoodgoodgoodgoodgood"
LARGE = (".safetensors", ".model")


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_large(path: str) -> bool:
    return path.endswith(LARGE)


def oid_of(path: str, data: bytes) -> str:
    return hashlib.sha256(data).hexdigest() if is_large(path) else git_sha1(data)


@dataclass
class Repo:
    """commits: files by commit. refs: commits by branch."""

    private: bool = True
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    library: str = "tfcli"

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        sha = hashlib.sha1(f"{len(self.commits)}{sorted(files)}{branch}".encode()).hexdigest()
        self.commits[sha] = files
        self.refs[branch] = sha
        return sha

    def resolve(self, revision: str) -> str | None:
        return self.refs.get(revision) or (revision if revision in self.commits else None)

    @property
    def files(self) -> dict[str, bytes]:
        return self.commits[self.refs["main"]]


class Hub:
    """A context: the Hub runs while it is entered. log: "METHOD path" of every request to it or its CDN. seen_tokens:
    (host, Authorization) of each. tamper: makes another one of each answer."""

    def __init__(self):
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.log: list[str] = []
        self.seen_tokens: list[tuple[str, str | None]] = []
        self.extra_tree: list[dict] = []
        self.endless = False
        self.tamper: Callable[[Answers, Answer], Answer] | None = None
        self.hang_seconds = 30.0
        self.lock = threading.RLock()

    def __enter__(self) -> "Hub":
        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, kind)) for kind in (_Hub, _Cdn)]
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.url, self.cdn = (f"http://127.0.0.1:{server.server_address[1]}" for server in self.servers)
        return self

    def __exit__(self, *_) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def environment(self, home) -> dict[str, str]:
        """For a process that is to talk to this Hub."""
        return {
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_TOKEN": TOKEN,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
        }

    def add(self, name: str, files: dict[str, bytes], **settings) -> Repo:
        repo = self.repos[name] = Repo(**settings)
        repo.commit(dict(files))
        self.large.update({oid_of(path, data): data for path, data in files.items() if is_large(path)})
        return repo

    def fault(self, request: str) -> Fault | None:
        with self.lock:
            self.log.append(request)
            return next((fault for fault in self.faults if fault.strikes(request)), None)


def _handler(hub: Hub, kind: type) -> type:
    return type("Handler", (kind,), {"hub": hub})


class _Cdn(Answers):
    def work(self) -> None:
        oid = self.path.rsplit("/", 1)[-1]
        if self.command == "PUT":
            self.hub.large[oid] = self.body
            self.send(200, b"", {})
        elif oid not in self.hub.large:
            self.error(404, "EntryNotFound")
        else:
            self.send_file(self.hub.large[oid], {"ETag": f'"{oid}"', "Accept-Ranges": "bytes"})


class _Hub(Answers):
    def work(self) -> None:
        self.where = urlsplit(self.path)
        path = unquote(self.where.path)
        for pattern, method in _ROUTES:
            if found := re.fullmatch(pattern, f"{self.command} {path}"):
                return method(self, *found.groups())
        return self.error(404, "EntryNotFound")

    def allowed(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.answer(401, {"error": "Invalid credentials in Authorization header"})
        return False

    def repo(self, name: str) -> Repo | None:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self.headers.get("Authorization") != f"Bearer {TOKEN}"):
            return self.error(404 if self.headers.get("Authorization") else 401, "RepoNotFound")
        if repo.gated:
            return self.error(403, "GatedRepo")
        return repo

    def commit_of(self, name: str, revision: str) -> tuple[Repo, str] | None:
        if (repo := self.repo(name)) is None:
            return None
        sha = repo.resolve(revision)
        return (repo, sha) if sha else self.error(404, "RevisionNotFound")

    def whoami(self) -> None:
        if self.allowed():
            token = {"displayName": "t", "role": "write"}
            auth = {"type": "access_token", "accessToken": token}
            self.answer(200, {"type": "user", "name": "alice", "orgs": [], "auth": auth})

    def create(self) -> None:
        if not self.allowed():
            return
        wish = json.loads(self.body)
        name = f"{wish.get('organization') or 'alice'}/{wish['name']}"
        with self.hub.lock:
            url = {"url": f"{self.hub.url}/{name}"}
            if name in self.hub.repos:
                return self.answer(409, {"error": "exists", **url})
            private = wish.get("visibility") == "private" or wish.get("private", False)
            repo = self.hub.repos[name] = Repo(private=private)
            repo.commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        return self.answer(200, url)

    def info(self, name: str, revision: str | None) -> None:
        if found := self.commit_of(name, revision or "main"):
            repo, sha = found
            siblings = [{"rfilename": path} for path in repo.commits[sha]]
            facts = {"id": name, "modelId": name, "sha": sha, "private": repo.private, "gated": False, "tags": []}
            self.answer(200, {**facts, "library_name": repo.library, "siblings": siblings})

    def tree(self, name: str, revision: str) -> None:
        if found := self.commit_of(name, revision):
            repo, sha = found
            items = [self._item(path, data) for path, data in repo.commits[sha].items()] + self.hub.extra_tree
            if self.hub.endless:
                page = int(parse_qs(self.where.query).get("page", ["0"])[0])
                items = [self._item(f"{page}-{i}.txt", b"") for i in range(200)]
                link = f'<{self.hub.url}{self.where.path}?page={page + 1}>; rel="next"'
                return self.answer(200, items, {"Link": link})
            self.answer(200, items)

    def _item(self, path: str, data: bytes) -> dict:
        item = {"type": "file", "path": path, "oid": git_sha1(data), "size": len(data)}
        if is_large(path):
            item["lfs"] = {"oid": oid_of(path, data), "size": len(data), "pointerSize": 130}
        return item

    def resolve(self, name: str, revision: str, path: str) -> None:
        if (found := self.commit_of(name, revision)) is None:
            return
        repo, sha = found
        if path not in repo.commits[sha]:
            return self.answer(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": sha})
        data = repo.commits[sha][path]
        headers = {"X-Repo-Commit": sha}
        if is_large(path):
            oid = oid_of(path, data)
            headers |= {"X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(data))}
            return self.send(302, b"", {**headers, "Location": f"{self.hub.cdn}/{oid}"})
        return self.send_file(data, {**headers, "ETag": f'"{oid_of(path, data)}"'})

    def preupload(self, name: str, revision: str) -> None:
        if not self.allowed() or (found := self.commit_of(name, revision)) is None:
            return
        repo, sha = found
        files = []
        for wish in json.loads(self.body)["files"]:
            mode = "lfs" if is_large(wish["path"]) and wish["size"] else "regular"
            file = {"path": wish["path"], "uploadMode": mode, "shouldIgnore": False}
            if (there := repo.commits[sha].get(wish["path"])) is not None:
                file["oid"] = oid_of(wish["path"], there)
            files.append(file)
        self.answer(200, {"files": files})

    def batch(self, name: str) -> None:
        objects = []
        for wish in json.loads(self.body)["objects"]:
            upload = {"href": f"{self.hub.cdn}/{wish['oid']}"}
            verify = {"href": f"{self.hub.url}/verify"}
            actions = {} if wish["oid"] in self.hub.large else {"actions": {"upload": upload, "verify": verify}}
            objects.append({**wish, **actions})
        self.answer(200, {"transfer": "basic", "objects": objects})

    def verify(self) -> None:
        self.answer(200, {})

    def validate(self) -> None:
        self.answer(200, {"errors": [], "warnings": []})

    def branch(self, name: str, branch: str) -> None:
        if self.allowed() and (repo := self.repo(name)):
            if branch in repo.refs:
                return self.answer(409, {"error": "exists"})
            repo.refs[branch] = repo.refs["main"]
            self.answer(201, {})

    def commit(self, name: str, revision: str) -> None:
        if not self.allowed():
            return
        with self.hub.lock:
            if (found := self.commit_of(name, revision)) is None:
                return
            repo, head = found
            lines = [json.loads(line) for line in self.body.split(b"\n") if line.strip()]
            parent = lines[0]["value"].get("parentCommit")
            if parent and parent != head:
                return self.answer(412, {"error": "the branch has moved on"})
            files = dict(repo.commits[head])
            for line in lines[1:]:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                else:
                    files.pop(value["path"], None)
            asked = parse_qs(self.where.query).get("create_pr", ["0"])[0] == "1"
            number = next(n for n in itertools.count(1) if f"refs/pr/{n}" not in repo.refs)
            sha = repo.commit(files, f"refs/pr/{number}" if asked else revision)
        url = {"commitOid": sha, "commitUrl": f"{self.hub.url}/{name}/commit/{sha}"}
        if asked:
            url["pullRequestUrl"] = f"{self.hub.url}/{name}/discussions/{number}"
        return self.answer(200, url)


_NAME = "([^/]+/[^/]+)"
_ROUTES = [
    ("GET /api/whoami-v2", _Hub.whoami),
    ("POST /api/repos/create", _Hub.create),
    ("POST /api/validate-yaml", _Hub.validate),
    ("POST /verify", _Hub.verify),
    (f"GET /api/models/{_NAME}(?:/revision/(.+))?", _Hub.info),
    (f"GET /api/models/{_NAME}/tree/([^?]+)", _Hub.tree),
    (f"POST /api/models/{_NAME}/preupload/(.+)", _Hub.preupload),
    (f"POST /api/models/{_NAME}/commit/(.+)", _Hub.commit),
    (f"POST /api/models/{_NAME}/branch/(.+)", _Hub.branch),
    (f"POST /{_NAME}.git/info/lfs/objects/batch", _Hub.batch),
    (f"(?:GET|HEAD) /{_NAME}/resolve/((?:refs/pr/)?[^/]+)/(.+)", _Hub.resolve),
]
