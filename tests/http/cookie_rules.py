"""What RFC 6265 says of cookies, as cases: FAMILIES maps a family to rows of
(name, requests, expected). Each request is (URL, Set-Cookie headers of its
answer); `expected` is the Cookie header of the last one, "" for none. A URL
without a host is at HOME."""

import email.utils
import time

HOME = "home.example.org"
HOSTS = [HOME, "sub.home.example.org", "other.example.org", "example.org",
         "myhome.example.org", "home.example.net", "HOME.example.org"]

FAR = "Fri, 01 Jan 2100 10:00:00 GMT"
PAST = "Mon, 01 Jan 2001 10:00:00 GMT"


def at(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def given(expected, *cookies, where="/", then="/"):
    """Set in one answer, asked for in the next request."""
    return [(where, list(cookies)), (then, [])], expected


def replaced(expected, first, second):
    return [("/", [first]), ("/", [second]), ("/", [])], expected


def row(name, case):
    return (name,) + case


DOMAIN = [
    row("none: the host itself", given("a=b", "a=b")),
    row("none: not below the host",
        given("", "a=b", then="//sub.home.example.org/")),
    row("none: not above the host", given("", "a=b", then="//example.org/")),
    row("none: not a sibling", given("", "a=b", then="//other.example.org/")),
    row("the host itself", given("a=b", "a=b; Domain=home.example.org")),
    row("with a dot in front", given("a=b", "a=b; Domain=.home.example.org")),
    row("below the domain", given("a=b", "a=b; Domain=home.example.org",
                                  then="//sub.home.example.org/")),
    row("the parent", given("a=b", "a=b; Domain=example.org")),
    row("the parent, asked for elsewhere below",
        given("a=b", "a=b; Domain=example.org", then="//other.example.org/")),
    row("the parent, asked for at it",
        given("a=b", "a=b; Domain=example.org", then="//example.org/")),
    row("a sibling is refused", given("", "a=b; Domain=other.example.org",
                                      then="//other.example.org/")),
    row("a child is refused",
        given("", "a=b; Domain=sub.home.example.org",
              then="//sub.home.example.org/")),
    row("another domain is refused",
        given("", "a=b; Domain=home.example.net", then="//home.example.net/")),
    row("a refused one is not kept for the host either",
        given("", "a=b; Domain=home.example.net")),
    row("a public suffix is refused", given("", "a=b; Domain=org")),
    row("a public suffix with a dot is refused", given("", "a=b; Domain=.org")),
    row("an ending that is no label is no match",
        given("", "a=b; Domain=home.example.org",
              then="//myhome.example.org/")),
    row("case does not matter in the attribute",
        given("a=b", "a=b; Domain=HOME.Example.ORG")),
    row("case does not matter in the URL",
        given("a=b", "a=b; Domain=home.example.org",
              then="//HOME.example.org/")),
    row("an empty one is none", given("a=b", "a=b; Domain=")),
    row("the last of two counts",
        given("a=b", "a=b; Domain=home.example.net; Domain=home.example.org")),
    row("the last of two counts, also if it is refused",
        given("", "a=b; Domain=home.example.org; Domain=home.example.net")),
    row("a host and its domain have cookies of their own",
        given("a=host; a=domain", "a=host", "a=domain; Domain=home.example.org")),
]

PATH = [
    row("none: all below the directory",
        given("a=b", "a=b", where="/one/two", then="/one/three")),
    row("none: the directory itself is not below it",
        given("a=b", "a=b", where="/one/two", then="/one")),
    row("none: not outside", given("", "a=b", where="/one/two", then="/other")),
    row("none: a slash at the end counts",
        given("", "a=b", where="/one/two/", then="/one/three")),
    row("none: the root", given("a=b", "a=b", where="/one", then="/two/three")),
    row("none: the query has no part in it",
        given("a=b", "a=b", where="/one?x=/two/three", then="/four")),
    row("the root", given("a=b", "a=b; Path=/", where="/one/two")),
    row("a prefix", given("a=b", "a=b; Path=/one", then="/one/two")),
    row("the same", given("a=b", "a=b; Path=/one", then="/one")),
    row("with a query", given("a=b", "a=b; Path=/one", then="/one?x=y")),
    row("with a slash at its end",
        given("a=b", "a=b; Path=/one/", then="/one/two")),
    row("a slash at its end is part of it",
        given("", "a=b; Path=/one/", then="/one")),
    row("not half a segment", given("", "a=b; Path=/one", then="/onetwo")),
    row("not another", given("", "a=b; Path=/two", then="/one")),
    row("elsewhere than the URL", given("a=b", "a=b; Path=/two", where="/one",
                                        then="/two")),
    row("case matters", given("", "a=b; Path=/One", then="/one")),
    row("without a slash in front it is none",
        given("a=b", "a=b; Path=one", where="/two/x", then="/two/y")),
    row("an empty one is none",
        given("a=b", "a=b; Path=", where="/two/x", then="/two/y")),
    row("the last of two counts",
        given("a=b", "a=b; Path=/one; Path=/two", then="/two")),
    row("two of one name", given("a=2; a=1", "a=1; Path=/", "a=2; Path=/one",
                                 then="/one")),
]

EXPIRES = [
    row("in the future", given("a=b", "a=b; Expires=" + FAR)),
    row("in an hour", given("a=b", "a=b; Expires=" + at(3600))),
    row("in the past", given("", "a=b; Expires=" + PAST)),
    row("an hour ago", given("", "a=b; Expires=" + at(-3600))),
    row("in the past: removes it", replaced("", "a=b", "a=; Expires=" + PAST)),
    row("in the past: removes no other",
        replaced("c=d", "c=d", "a=; Expires=" + PAST)),
    row("with dashes", given("a=b", "a=b; Expires=Fri, 01-Jan-2100 10:00:00 "
                                    "GMT")),
    row("with dashes, in the past",
        given("", "a=b; Expires=Mon, 01-Jan-2001 10:00:00 GMT")),
    row("two digits of a year: 70 to 99 are of last century",
        given("", "a=b; Expires=Friday, 01-Jan-99 10:00:00 GMT")),
    row("as asctime writes it", given("a=b", "a=b; Expires=Fri Jan  1 10:00:00 "
                                             "2100")),
    row("as asctime writes it, in the past",
        given("", "a=b; Expires=Mon Jan  1 10:00:00 2001")),
    row("the name of the day does not matter",
        given("a=b", "a=b; Expires=Tue, 01 Jan 2100 10:00:00 GMT")),
    row("without a day", given("", "a=b; Expires=01 Jan 2001 10:00:00 GMT")),
    row("names of months in any case",
        given("", "a=b; Expires=Mon, 01 JAN 2001 10:00:00 GMT")),
    row("what is no date is none", given("a=b", "a=b; Expires=tomorrow")),
    row("an empty one is none", given("a=b", "a=b; Expires=")),
    row("attribute in any case", given("", "a=b; eXpIrEs=" + PAST)),
    row("Max-Age", given("a=b", "a=b; Max-Age=3600")),
    row("Max-Age of 0", given("", "a=b; Max-Age=0")),
    row("Max-Age below 0", given("", "a=b; Max-Age=-1")),
    row("Max-Age of 0 removes it", replaced("", "a=b", "a=b; Max-Age=0")),
    row("Max-Age counts more than Expires",
        given("a=b", "a=b; Max-Age=3600; Expires=" + PAST)),
    row("Max-Age counts more than Expires, in any order",
        given("", "a=b; Expires=" + FAR + "; Max-Age=0")),
    row("Max-Age that is no number is none",
        given("a=b", "a=b; Max-Age=soon")),
    row("Max-Age of a million years",
        given("a=b", "a=b; Max-Age=31536000000000")),
    row("Max-Age in any case", given("", "a=b; max-AGE=0")),
]

ORDERING = [
    row("as they were set", given("a=1; b=2; c=3", "a=1", "b=2", "c=3")),
    row("not by name", given("c=3; b=2; a=1", "c=3", "b=2", "a=1")),
    row("longer paths first",
        given("b=2; a=1", "a=1; Path=/", "b=2; Path=/one", then="/one")),
    row("longer paths first, of three",
        given("c=3; b=2; a=1", "a=1; Path=/", "c=3; Path=/one/two",
              "b=2; Path=/one", then="/one/two")),
    row("a new value keeps the place",
        ([("/", ["a=1", "b=2"]), ("/", ["a=3"]), ("/", [])], "a=3; b=2")),
    row("removed and set again it comes last",
        ([("/", ["a=1", "b=2"]), ("/", ["a=; Max-Age=0"]), ("/", ["a=3"]),
          ("/", [])], "b=2; a=3")),
    row("over several answers",
        ([("/", ["b=1"]), ("/", ["a=2"]), ("/", ["c=3"]), ("/", [])],
         "b=1; a=2; c=3")),
]

QUOTING = [
    row("quotes are part of the value", given('a="b"', 'a="b"')),
    row("a blank within quotes", given('a="b c"', 'a="b c"')),
    row("quotes do not hide a semicolon", given('a="b', 'a="b;c"')),
    row("one quote", given('a="', 'a="')),
    row("a quoted attribute",
        given("a=b", 'a=b; Path="/"', where="/", then="/")),
    row("a backslash", given("a=b\\c", "a=b\\c")),
    row("percent-encoding is left alone", given("a=%62%3b", "a=%62%3b")),
    row("a comma is nothing special", given("a=b,c=d", "a=b,c=d")),
]

ATTRIBUTES = [
    row("unknown ones are ignored", given("a=b", "a=b; color=red; x; =y")),
    row("names in any case", given("", "a=b; PATH=/one")),
    row("blanks around them", given("", "a=b  ;   Path  =  /one  ")),
    row("no blank before them", given("a=b", "a=b;Path=/;HttpOnly")),
    row("Secure is not sent without TLS", given("", "a=b; Secure")),
    row("Secure in any case", given("", "a=b; sEcUrE")),
    row("Secure with a value", given("", "a=b; Secure=no")),
    row("HttpOnly", given("a=b", "a=b; HttpOnly")),
    row("HttpOnly with a value", given("a=b", "a=b; HttpOnly=1")),
    row("SameSite", given("a=b", "a=b; SameSite=Strict")),
    row("a semicolon at the end", given("a=b", "a=b;")),
    row("only semicolons", given("a=b", "a=b;;;;;")),
    row("the name of a cookie may be that of an attribute",
        given("Path=/one", "Path=/one")),
    row("twenty of them",
        given("a=b", "a=b" + "".join("; x%d=y" % n for n in range(20)))),
]

VALUES = [
    row("empty", given("a=", "a=")),
    row("with '=' in it", given("a=b=c", "a=b=c")),
    row("blanks around it", given("a=b", "a =  b ")),
    row("a blank in it", given("a=b c", "a=b c")),
    row("a blank in the name", given("a b=c", "a b=c")),
    row("blanks in front", given("a=b", "   a=b")),
    row("no name is none", given("", "=b")),
    row("nothing at all is none", given("", "")),
    row("only a semicolon is none", given("", ";")),
    row("names differ by case", given("a=1; A=2", "a=1", "A=2")),
    row("odd bytes in a name", given("!#$%&'*+-.^_`|~=b", "!#$%&'*+-.^_`|~=b")),
    row("beyond ASCII", given("a=\u00e4\u2603", "a=\u00e4\u2603")),
    row("a kilobyte", given("a=" + "b" * 1024, "a=" + "b" * 1024)),
    row("four kilobytes with their name",
        given("a=" + "b" * 4000, "a=" + "b" * 4000)),
    row("a new value takes the place", replaced("a=2", "a=1", "a=2")),
    row("the last one of an answer counts", given("a=2", "a=1", "a=2")),
    row("many", given("; ".join("n%d=v" % n for n in range(40)),
                      *["n%d=v" % n for n in range(40)])),
    row("the header in any case and beside others", given("a=b", "a=b")),
]

FAMILIES = {
    "domain": DOMAIN, "path": PATH, "expires": EXPIRES, "ordering": ORDERING,
    "quoting": QUOTING, "attributes": ATTRIBUTES, "values": VALUES,
}
