# What a frozen version shows, as `expected.json`: called by packaging/freeze.sh, read by node/tests/frozen.rs.
#
#   record.py PROGRAM PLAYED FROZEN
#
# PLAYED is the folder where the demonstration ran: its nodes are asked, through the program's own commands. FROZEN is the copy of it
# that will be kept: its files are listed with their SHA-256. Only what no later version may see otherwise is recorded: identifiers,
# acts, phase, positions, dates, digests of the terms, counts. Words for people, hints and derivations may become better.
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

# Fields of a term: not its derivation, which a later version may tell in more steps.
TERM_FIELDS = ("kind", "body", "strict", "prudential", "force", "norm")
# Fields of the view: not the actions that the program suggests.
VIEW_FIELDS = ("regime", "round", "phase", "outcome", "bodies")


def ask(program, *arguments):
    """The JSON that a command answers with."""
    done = subprocess.run([program, "--format", "json", *map(str, arguments)], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def chosen(value, fields):
    """These fields of an object, where it has them."""
    return {field: value[field] for field in fields if field in value}


def said(values):
    """A list of objects without the fields of which nothing was said: a later version may say it."""
    return [{field: value for field, value in one.items() if value is not None} for one in values]


def verified(program, export):
    """What `verify` says of an export, without words."""
    answer = ask(program, "verify", export)
    assert answer["verified"] is True, answer
    kept = chosen(answer, ("verified", "conference", "federation", "exported_by", "counts", "terms_statement"))
    return {**kept, "view": chosen(answer["view"], VIEW_FIELDS)}


def node(program, home, conference, held):
    """What one node shows of the conference."""
    node_arguments = ("--home", home, "conference")
    show = ask(program, *node_arguments, "show", conference)
    timeline = ask(program, *node_arguments, "timeline", conference)
    with tempfile.TemporaryDirectory() as folder:
        export = pathlib.Path(folder) / "export"
        ask(program, *node_arguments, "export", conference, export)
        exported = verified(program, export)
    return {
        "links": held["links"],
        "receipts": held["receipts"],
        "list": ask(program, *node_arguments, "list"),
        "show": {
            **chosen(show, ("conference", "lead", "terms_statement", "pending")),
            "view": {**chosen(show["view"], VIEW_FIELDS), "terms": [chosen(t, TERM_FIELDS) for t in show["view"]["terms"]]},
        },
        "timeline": {
            "conference": timeline["conference"],
            "acts": said(timeline["acts"]),
            "terms": [chosen(t, TERM_FIELDS) for t in timeline["terms"]],
        },
        "export": exported,
    }


def main():
    program, played, frozen = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    result = json.loads((played / "result.json").read_text(encoding="utf-8"))
    conference = result["conference"]
    assert result["comparison"]["equal"] is True and result["outcome"] is None, "the case must settle and stay open"
    nodes = {
        held["node"]: node(program, played / "nodes" / held["node"], conference, held)
        for held in result["comparison"]["nodes"]
    }
    files = sorted(path for path in frozen.rglob("*") if path.is_file() and path.name != "expected.json")
    expected = {
        "conference": conference,
        "nodes": nodes,
        "export": verified(program, frozen / "export"),
        "files": {str(path.relative_to(frozen)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
    text = json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (frozen / "expected.json").write_text(text, encoding="utf-8")


main()
