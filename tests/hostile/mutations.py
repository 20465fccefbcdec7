"""A Hub that answers with random mutations of right answers: of types, lengths, paths, links, headers and rates."""

import gzip
import json
import random
from collections.abc import Callable, Iterator
from itertools import repeat

from hub_answers import Answer, Answers
from hub_server import TOKEN, Hub

PATHS = ["/etc/passwd", "../../../../x", "..", ".", "a/../../b", "C:\\x", "\\\\host\\x", "~/x", "x\0y", "\x1b]0;x\x07"]
PATHS += ["config.json/", "./config.json", "CONFIG.JSON", "a" * 300, "refs/heads/../../..", "\u202e", "\ud800", ""]
NUMBERS = [-1, 0, 1, 7, 2**31, 2**63, 10**300, -(2**70), 1e308, 1.5, True, False]
ODD = [*PATHS, *NUMBERS, None, [], {}, [[]], {"": 0}, "0" * 40, "f" * 64, "main", ["a"] * 1000, TOKEN]
STATUSES = [200, 201, 204, 206, 301, 302, 304, 307, 308, 400, 401, 403, 404, 408, 409, 412, 413, 416, 418, 429, 500]
STATUSES += [503, 599, 999]
CODES = ["RepoNotFound", "RevisionNotFound", "EntryNotFound", "GatedRepo", "Odd", ""]
WORDS = [
    "",
    "-1",
    "0",
    "1",
    "20",
    "3600",
    "²",
    "9" * 5000,
    "1e9",
    "gzip",
    "br",
    "chunked",
    "close",
    "bytes 0-1/2",
    "x" * 9000,
]
WORDS += [
    '"../../x"',
    '"api";r=0;t=9999',
    "text/html",
    "Wed, 21 Oct 2099 07:28:00 GMT",
    "../x",
    f"a={TOKEN}",
    "\x1b[31m",
]
HEADERS = [
    "ETag",
    "X-Linked-Etag",
    "X-Linked-Size",
    "X-Repo-Commit",
    "Content-Encoding",
    "Content-Range",
    "Retry-After",
]
HEADERS += [
    "RateLimit",
    "Transfer-Encoding",
    "Content-Type",
    "Set-Cookie",
    "X-Error-Code",
    "X-Error-Message",
    "X-Xet-Hash",
]
HEADERS += ["X-HF-Warning", "Connection", "Content-Length"]


class Mutations:
    """Give it to a Hub as its `tamper`. chance: of each answer to be mutated. count: how many were."""

    def __init__(self, hub: Hub, seed: int):
        self.hub, self.rng, self.chance, self.count = hub, random.Random(seed), 1.0, 0

    def __call__(self, handler: Answers, answer: Answer) -> Answer:
        if self.rng.random() < self.chance:
            self.count += 1
            self.rng.choice(KINDS)(self, answer)
        return answer

    def value(self, answer: Answer) -> None:
        """One value of an answer in JSON is another, or gone, or there twice."""
        try:
            whole = json.loads(answer.parts[0])
        except ValueError:
            return self.bytes(answer)
        holder, key = self.rng.choice([({"": whole}, ""), *places(whole)])
        match self.rng.randrange(4):
            case 0 if holder.get(key) is not whole if isinstance(holder, dict) else True:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder[key:key] = [holder[key]] * self.rng.choice([1, 2000])
            case _:
                holder[key] = self.rng.choice(ODD)
                whole = holder[key] if holder == {"": holder[key]} and key == "" else whole
        answer.parts = [json.dumps(whole).encode()]
        return None

    def bytes(self, answer: Answer) -> None:
        data = bytearray(b"".join(answer.parts))
        at = self.rng.randrange(len(data) + 1)
        change = self.rng.randrange(4)
        if change == 0:
            del data[at:]
        elif change == 1:
            data += data[at:] + b"\0"
        else:
            data[at : at + 1] = self.rng.randbytes(self.rng.randint(0, 3))
        answer.parts = [bytes(data)]

    def body(self, answer: Answer) -> None:
        """Another body: nested, endless, inflated, or nothing that could be read."""
        bodies = [b"", b"null", b"[]", b"{}", b"7", b'""', b"NaN", b"\xff\xfe", b"<html>log in</html>", b"[" * 100_000]
        bodies += [
            b'{"a":' * 50_000,
            b"[" + b"{}," * 999_999 + b"{}]",
            b"9" * 5000,
            b'{"error": [7, null], "errors": [1]}',
        ]
        answer.parts = [self.rng.choice(bodies)]

    def endless(self, answer: Answer) -> None:
        part = self.rng.choice([b"x" * 65_536, b" " * 65_536, b"[[" * 30_000])
        answer.parts, answer.length = repeat(part), self.rng.choice([None, str(10**15)])

    def bomb(self, answer: Answer) -> None:
        answer.headers = {**answer.headers, "Content-Encoding": "gzip"}
        answer.parts = [BOMB]

    def slow(self, answer: Answer) -> None:
        answer.head_pace, answer.body_pace = self.rng.choice([(0.02, 0.0), (0.0, 0.02), (0.02, 0.02)])
        if self.rng.random() < 0.3:
            answer.headers = {**answer.headers, "Transfer-Encoding": "chunked"}
            answer.parts = repeat(b"0")

    def status(self, answer: Answer) -> None:
        answer.status = self.rng.choice(STATUSES)
        said = {
            "X-Error-Code": self.rng.choice(CODES),
            "X-Error-Message": f"who is {'x' * self.rng.randint(0, 300)}{TOKEN}",
        }
        answer.headers = {**answer.headers, **(said if self.rng.random() < 0.5 else {}), "Location": self.address()}

    def header(self, answer: Answer) -> None:
        answer.headers = {**answer.headers, self.rng.choice(HEADERS): self.rng.choice(WORDS)}

    def many_headers(self, answer: Answer) -> None:
        answer.headers = {**answer.headers, **{f"X-{i}": "x" * 50 for i in range(self.rng.choice([50, 3000]))}}

    def length(self, answer: Answer) -> None:
        answer.length = self.rng.choice(["0", "1", "-1", "10", str(2**40), "x", "", "1, 2"])

    def link(self, answer: Answer) -> None:
        """The listing goes on elsewhere, or in a circle, or a file is to be had by another protocol."""
        rel = self.rng.choice(["next", "next", "xet-auth", "xet-reconstruction-info"])
        answer.headers = {**answer.headers, "Link": f'<{self.address()}>; rel="{rel}"', "X-Xet-Hash": "f" * 64}

    def upload(self, answer: Answer) -> None:
        """Uploads go, and are verified, elsewhere."""
        try:
            batch = json.loads(answer.parts[0])
            for wish in batch["objects"]:
                wish["actions"] = {kind: {"href": self.address()} for kind in ("upload", "verify")}
            answer.parts = [json.dumps(batch).encode()]
        except (ValueError, KeyError, TypeError):
            self.link(answer)

    def address(self) -> str:
        hub, elsewhere = self.hub.url, self.hub.url.replace("127.0.0.1", "localhost")
        addresses = [f"{place}/api/models/eve/x/tree/main?page=1" for place in (hub, elsewhere, self.hub.cdn)]
        addresses += [f"{elsewhere}/verify", f"{self.hub.cdn}/verify", f"{elsewhere}/{'f' * 64}", "file:///etc/passwd"]
        addresses += [
            "http://127.0.0.1:1/x",
            "http://[",
            "//x",
            "",
            "?page=2",
            "ftp://127.0.0.1/x",
            "http://example.com/x",
        ]
        return self.rng.choice(addresses)


BOMB = gzip.compress(bytes(64 << 20))
KINDS: list[Callable[[Mutations, Answer], None]] = [Mutations.value] * 6 + [Mutations.bytes] * 2
KINDS += [Mutations.body, Mutations.endless, Mutations.bomb, Mutations.slow, Mutations.status, Mutations.status]
KINDS += [
    Mutations.header,
    Mutations.header,
    Mutations.many_headers,
    Mutations.length,
    Mutations.link,
    Mutations.upload,
]


def places(value: object) -> Iterator[tuple[dict | list, object]]:
    """Every place in a value, as what holds it and its key there."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])
