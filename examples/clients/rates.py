#!/usr/bin/env python3
"""A client of the rates API, with nothing but Python's standard library (3.9 or newer).

As a program, it prints a line for each day: the day, the price and how many prices it is the mean of, `-` for null.

  python3 examples/clients/rates.py ORIGIN DESTINATION FROM TO [--csv | --follow]

--csv prints the service's own CSV; --follow asks every second and prints again when the rates have changed. RATES_URL is
where the service is, http://127.0.0.1:3000 if not set.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Too many requests, or *not now*: the answer says in Retry-After when to ask again.
NOT_NOW = {429, 503}
MOST_ATTEMPTS = 10


class ProblemError(Exception):
    """The service answered with an error that another try would not change.

    `problem` is its problem document (RFC 9457). `type` in it is what a program should look at, and `errors` names each
    parameter that is wrong; the rest is for people.
    """

    def __init__(self, problem):
        text = f"{problem['status']} {problem['title']}"
        super().__init__(f"{text}: {problem['detail']}" if problem.get("detail") else text)
        self.problem = problem


class RatesClient:
    def __init__(self, service):
        self._service = service
        # The last answer to each question, with its ETag. The service says with a 304, which is cheap, that it is still
        # right.
        self._known = {}

    def rates(self, origin, destination, date_from, date_to):
        """Every day of the range, newest first: dicts with `day`, `price` and `count`, None where there is nothing."""
        return json.loads(self._ask(origin, destination, date_from, date_to, "application/json"))["rates"]

    def csv(self, origin, destination, date_from, date_to):
        """The same as CSV: `day,price,count`, an empty field for None."""
        return self._ask(origin, destination, date_from, date_to, "text/csv").decode()

    def _ask(self, origin, destination, date_from, date_to, accept):
        question = {"origin": origin, "destination": destination, "date_from": date_from, "date_to": date_to}
        url = f"{self._service}/rates?{urllib.parse.urlencode(question)}"
        etag, known = self._known.get((url, accept), (None, None))
        headers = {"Accept": accept, **({"If-None-Match": etag} if etag else {})}
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
                    body = response.read()
                    if response.headers["ETag"]:
                        self._known[url, accept] = response.headers["ETag"], body
                    return body
            # Anything but 2xx comes as an exception, a 304 too.
            except urllib.error.HTTPError as error:
                if error.code == 304 and etag:
                    return known
                if error.code not in NOT_NOW or attempt == MOST_ATTEMPTS:
                    raise ProblemError(_read_problem(error)) from None
                seconds = float(error.headers["Retry-After"] or 1)
            # A little more, and not the same for all, so that clients which were sent away together do not return
            # together.
            time.sleep(seconds + random.random() / 2)


def _read_problem(error):
    # What stands between client and service, such as a load balancer, writes its errors in forms of its own.
    if error.headers.get_content_type() == "application/problem+json":
        return json.load(error)
    return {"type": "about:blank", "title": error.reason, "status": error.code}


def _lines(rates):
    def shown(value):
        return "-" if value is None else value

    return "".join(f"{rate['day']}\t{shown(rate['price'])}\t{shown(rate['count'])}\n" for rate in rates)


def main(arguments):
    question, options = arguments[:4], arguments[4:]
    if len(question) < 4 or options not in ([], ["--csv"], ["--follow"]):
        print("Usage: rates.py ORIGIN DESTINATION FROM TO [--csv | --follow]", file=sys.stderr)
        return 2
    client = RatesClient(os.environ.get("RATES_URL", "http://127.0.0.1:3000"))
    try:
        shown = client.csv(*question) if options == ["--csv"] else _lines(client.rates(*question))
        # As bytes, because text would have its line ends changed on some systems, and those of CSV are CR LF.
        sys.stdout.buffer.write(shown.encode())
        while options == ["--follow"]:
            sys.stdout.buffer.flush()
            time.sleep(1)
            now = _lines(client.rates(*question))
            if now != shown:
                sys.stdout.buffer.write(f"\n{now}".encode())
            shown = now
    except ProblemError as error:
        print(error, file=sys.stderr)
        return 1
    except urllib.error.URLError as error:
        print(f"The service does not answer: {error.reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
