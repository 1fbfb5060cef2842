#!/usr/bin/env python3
"""What stands around a run of schemathesis: what its requests may name, and whether they got anywhere.

    generated_requests.py prepare URL FOUND TOKEN FOLDER
    generated_requests.py judge NOTES

`prepare` writes into FOLDER the OpenAPI document of the node at URL with an example for each parameter of a path (openapi.json), and a
configuration by which most generated paths name the same (schemathesis.toml). FOUND is the file of conclude_from_openapi.py, TOKEN the
name of a token that may be revoked.

`judge` reads the notes of a run (ndjson) and prints the statuses that each operation answered. Every operation must have done its work at
least once, or refused it for the law's sake: a run whose token was refused, or that asked for nothing that exists, proves nothing.

Exit codes: 0 as it should be, 1 an operation was never reached.
"""

import collections
import json
import sys
import urllib.request

# A well-formed order is refused with 422 where the law does not allow it; it was carried as far as its conference then.
ORDERS = ("POST /v1/conferences", "POST /v1/conferences/{conference}/acts")


def prepare(url, found, token, folder):
    with open(found, encoding="utf-8") as file:
        values = json.load(file) | {"token": token}
    # the last part names a conference too, and needs no percent-encoding
    values["conference"] = values["conference"].rsplit("/", 1)[-1]
    with urllib.request.urlopen(url + "/v1/openapi.json", timeout=60) as answer:
        document = json.load(answer)
    for parameter in document["components"]["parameters"].values():
        if parameter["in"] == "path":
            parameter["example"] = values[parameter["name"]]
    with open(f"{folder}/openapi.json", "w", encoding="utf-8") as file:
        json.dump(document, file)
    with open(f"{folder}/schemathesis.toml", "w", encoding="utf-8") as file:
        for name, value in values.items():
            file.write(f"[dictionaries.{name}]\nvalues = [{json.dumps(value)}]\n\n")
        file.write("[parameters]\n")
        for name in values:
            file.write(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.8 }}\n')
    return 0


def judge(notes):
    answered = collections.defaultdict(collections.Counter)
    with open(notes, encoding="utf-8") as file:
        for line in file:
            scenario = json.loads(line).get("ScenarioFinished")
            if scenario:
                recorder = scenario["recorder"]
                for exchange in recorder.get("interactions", {}).values():
                    status = (exchange.get("response") or {}).get("status_code", 0)
                    answered[recorder["label"]][status] += 1
    missed = [label for label, statuses in answered.items() if not reached(label, statuses)]
    for label, statuses in sorted(answered.items()):
        told = "  ".join(f"{status} x{count}" for status, count in sorted(statuses.items()))
        print(f"{'missed ' if label in missed else 'reached'}  {label}  {told}")
    if not answered:
        print("no operation was asked", file=sys.stderr)
    return 1 if missed or not answered else 0


def reached(label, statuses):
    return any(200 <= status < 300 or (status == 422 and label in ORDERS) for status in statuses)


if __name__ == "__main__":
    sys.exit({"prepare": prepare, "judge": judge}[sys.argv[1]](*sys.argv[2:]))
