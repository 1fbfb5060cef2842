"""Reads calendar files of `concerto terms --ics` with an independent parser (RFC 5545; the package icalendar of PyPI).

    python check_calendar.py FILE...       exit 0 good, 1 something is wrong, 3 the package is not installed

Checks what Thunderbird, Outlook and Google need: version, product, CRLF, lines of at most 75 octets, and for each event a UID of
its own, DTSTAMP in UTC, an all-day start, an exclusive end on the next day, a summary.
"""
import datetime
import sys

try:
    import icalendar
except ImportError:
    print("skipped: the Python package icalendar is not installed")
    sys.exit(3)


def check(path):
    data = open(path, "rb").read()
    assert data.count(b"\n") == data.count(b"\r\n"), "a line does not end with CRLF"
    assert all(len(line) <= 75 for line in data.split(b"\r\n")), "a line is longer than 75 octets"
    calendar = icalendar.Calendar.from_ical(data)
    assert calendar["VERSION"] == "2.0" and calendar["PRODID"] and calendar["METHOD"] == "PUBLISH"
    events = [part for part in calendar.walk() if part.name == "VEVENT"]
    assert events, "no event"
    assert len({str(event["UID"]) for event in events}) == len(events), "a UID comes twice"
    for event in events:
        start, end = event.decoded("DTSTART"), event.decoded("DTEND")
        assert type(start) is datetime.date and type(end) is datetime.date, "not an all-day event"
        assert end == start + datetime.timedelta(days=1), "the end is exclusive: the next day"
        assert event.decoded("DTSTAMP").utcoffset() == datetime.timedelta(0), "DTSTAMP is not UTC"
        assert str(event["SUMMARY"]) and "\\" not in str(event["SUMMARY"]), "the summary is escaped twice or empty"
        assert "art." in str(event["DESCRIPTION"]), "the description has no norm"
        assert not event.errors, event.errors
    return len(events)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        try:
            print(f"{name}: {check(name)} events")
        except (AssertionError, ValueError, KeyError) as wrong:
            print(f"{name}: {wrong!r}")
            sys.exit(1)
