#!/usr/bin/env python3
"""Opens a conference and concludes it, knowing nothing of Concerto but its OpenAPI document.

    conclude_from_openapi.py LEAD_URL BODY_URL [FOUND]

FOUND is a file for what the procedente's node then holds, for other programs to ask for: names of the path parameters and their values (JSON).
LEAD_TOKEN and BODY_TOKEN hold the tokens (scopes read, write, documents). The document is fetched from the procedente's node. Operations
are found by their operationId; requests are built from the examples and schemas of the document; every answer must have a status that the
document names, and every request the fields that its schema requires. Standard library only.

Exit codes: 0 concluded, 1 something was not as the document says.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

PATIENCE_S = 60


class Unexpected(Exception):
    """Something was not as the document says."""


class Client:
    """One node, through the operations of its document."""

    def __init__(self, url, token, document):
        self.url, self.token, self.document = url, token, document
        self.operations = {}
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                self.operations[operation["operationId"]] = (method.upper(), path, operation)

    def resolve(self, value):
        """What a reference of the document stands for."""
        while "$ref" in value:
            found = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def example(self, name):
        """A copy of the example of a component."""
        schema = self.document["components"]["schemas"][name]
        return json.loads(json.dumps(schema["examples"][0]))

    def call(self, operation_id, body=None, data=None, **values):
        """Calls an operation; parameters by their names, with `_` for `-`."""
        method, path, operation = self.operations[operation_id]
        headers = {"Accept-Language": "en"}
        if operation["security"]:
            headers["Authorization"] = f"Bearer {self.token}"
        query = {}
        for parameter in map(self.resolve, operation["parameters"]):
            name = parameter["name"]
            value = values.pop(name.replace("-", "_"), None)
            if name == "Idempotency-Key" and value is None:
                value = str(uuid.uuid4())
            if value is None:
                if parameter.get("required"):
                    raise Unexpected(f"{operation_id} requires {name}")
                continue
            if parameter["in"] == "path":
                path = path.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
            elif parameter["in"] == "query":
                query[name] = value
            else:
                headers[name] = value
        if values:
            raise Unexpected(f"{operation_id} has no parameters {list(values)}")
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        elif data is not None:
            headers["Content-Type"] = "application/octet-stream"
        url = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if str(status) not in operation["responses"]:
            raise Unexpected(f"{operation_id} answered {status}, which the document does not name: {text!r}")
        if status >= 400:
            problem = json.loads(text)
            if problem["status"] != status or not problem["code"]:
                raise Unexpected(f"{operation_id}: not a problem: {problem}")
            return status, problem
        media = operation["responses"][str(status)].get("content", {})
        return status, (json.loads(text) if "application/json" in media else text)

    def done(self, operation_id, **values):
        """Calls an operation that must succeed."""
        status, answer = self.call(operation_id, **values)
        if status >= 300:
            raise Unexpected(f"{operation_id}: {answer}")
        return answer


def eventually(what, look):
    """Looks until there is something to see."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise Unexpected(f"it did not happen in time: {what}")


def notice(lead, invited, today):
    """The notice: the example of the document, about one body that is asked for two acts."""
    request = lead.example("OpenRequest")
    acts = ["permesso-di-costruire", "occupazione-di-suolo"]
    request["facts"]["invited"] = [{"body": invited, "acts": [{"act": act} for act in acts]}]
    request["facts"]["started_on"] = today
    request["body"]["application"]["received"] = today
    request["body"]["acts"] = [{"body": invited, "act": act, "text": act} for act in acts]
    return request


def conclude(lead, body):
    """The whole course of a conference."""
    procedente, invited = lead.done("getNode"), body.done("getNode")
    today = procedente["now"][:10]
    upload = lead.done("uploadDocument", data=b"relazione tecnica")
    again = lead.done("uploadDocument", data=b"relazione tecnica")
    if upload != again:
        raise Unexpected("the same bytes have two names")
    request = notice(lead, invited["writer"], today)
    request["documents"] = [{"upload": upload["upload"], "media_type": "text/plain"}]
    key = str(uuid.uuid4())
    opened = lead.done("openConference", body=request, Idempotency_Key=key)
    if lead.done("openConference", body=request, Idempotency_Key=key) != opened:
        raise Unexpected("an order that was repeated had another effect")
    conference = opened["conference"]
    print(f"opened      {conference}")

    eventually("the body has the notice", lambda: body.call("getConference", conference=conference)[0] == 200)
    read_document(body, conference, b"relazione tecnica")
    ready = lambda view, action: any(found["action"] == action for found in view["view"]["actions"])
    early = lead.example("act.FinalDetermination")
    early["facts"] = {"outcome": "positive"}
    status, problem = lead.call("sendAct", conference=conference, body=early)
    if status != 422:
        raise Unexpected(f"a conclusion before the positions was answered {status}: {problem}")
    print(f"refused     {problem['code']} [{problem.get('norm', '-')}]")

    eventually("the procedente knows that the body has the notice",
               lambda: lead.done("getConference", conference=conference)["view"]["bodies"][0]["status"] == "waiting")
    assent = body.example("act.Determination")
    assent["facts"] = {"position": "assent"}
    sent = body.done("sendAct", conference=conference, body=assent)
    print(f"assent      {sent['message']}")
    eventually("the procedente may conclude",
               lambda: ready(lead.done("getConference", conference=conference), "conclude"))

    final = lead.example("act.FinalDetermination")
    final["facts"] = {"outcome": "positive"}
    for field in ("prescriptions", "judgements"):
        final["body"].pop(field, None)
    final["body"]["positions"] = [{"body": invited["writer"], "text": "Assenso espresso nel termine."}]
    final["body"]["replaced_acts"] = [
        {"body": invited["writer"], "act": act["act"], "text": act["text"]} for act in request["body"]["acts"]
    ]
    final["wait"] = True
    concluded = lead.done("sendAct", conference=conference, body=final)
    print(f"concluded   {concluded['message']}")
    effective = lead.example("act.EfficacyStatement")
    effective["facts"] = {"efficacy": "immediate", "since": today}
    lead.done("sendAct", conference=conference, body=effective)

    for node, name in ((lead, "procedente"), (body, "body")):
        state = eventually(f"the conference is effective at the {name}", lambda: effective_at(node, conference))
        print(f"effective   at the {name}: {state['view']['outcome']}, {len(state['view']['terms'])} terms")
    acts = [act["type"] for act in lead.done("getTimeline", conference=conference)["acts"]]
    if acts != ["Notice", "Determination", "FinalDetermination", "EfficacyStatement"]:
        raise Unexpected(f"the course is {acts}")
    if not lead.done("exportConference", conference=conference).startswith(b"PK"):
        raise Unexpected("the export is no ZIP archive")
    pages(lead, conference)
    document = next(row["document"] for row in lead.done("listDocuments", conference=conference)["documents"]
                    if row["held"] and not row["body"])
    return {"conference": conference, "message": opened["message"], "document": document}


def effective_at(node, conference):
    state = node.done("getConference", conference=conference)
    return state if state["view"]["phase"] == "effective" else None


def read_document(node, conference, expected):
    """The document of the notice comes to the body, whole and in part."""
    held = lambda: [row for row in node.done("listDocuments", conference=conference)["documents"]
                    if row["held"] and not row["body"]]
    row = eventually("the body holds the document", held)[0]
    if node.done("getDocument", conference=conference, document=row["document"]) != expected:
        raise Unexpected("the document has other bytes")
    status, part = node.call("getDocument", conference=conference, document=row["document"], Range="bytes=10-")
    if (status, part) != (206, expected[10:]):
        raise Unexpected(f"a part of the document was answered {status}: {part!r}")


def pages(node, conference):
    """Every page, one row at a time."""
    for operation, rows in (("listConferences", "conferences"), ("listInbox", "messages"),
                            ("listAlarms", "alarms"), ("listOutbox", "waiting")):
        seen, cursor = [], None
        while True:
            page = node.done(operation, limit=1, **({"cursor": cursor} if cursor else {}))
            seen.extend(page[rows])
            cursor = page.get("next")
            if not cursor:
                break
        if len(seen) != len({json.dumps(row, sort_keys=True) for row in seen}):
            raise Unexpected(f"{operation} repeats a row")
        if rows == "conferences" and conference not in [row["conference"] for row in seen]:
            raise Unexpected("the list lacks the conference")


def main():
    lead_url, body_url, *found_file = sys.argv[1:]
    with urllib.request.urlopen(lead_url + "/v1/openapi.json", timeout=PATIENCE_S) as answer:
        document = json.load(answer)
    lead = Client(lead_url, os.environ["LEAD_TOKEN"], document)
    body = Client(body_url, os.environ["BODY_TOKEN"], document)
    try:
        found = conclude(lead, body)
    except Unexpected as error:
        print(f"conclude_from_openapi: {error}", file=sys.stderr)
        return 1
    for path in found_file:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(found, file)
    print("OK: a conference was opened and concluded from the OpenAPI document alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
