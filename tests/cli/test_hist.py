#!/usr/bin/env python3
"""-o hgrm, -o hlog and molo hist, against a reader and a writer of the format
that share nothing with molo's."""

import base64
import math
import re
import struct
import sys
import zlib

import harness

PAD = """
    molo.scenario("a", function(session)
        for _ = 1, 20 do session:get("/delay/%s") end
    end)
    """


# --- the V2 encoding, from its description ---

def to_leb128(number):
    """ZigZag, then 7 bits a byte, the ninth has 8."""
    rest = (number << 1) ^ (number >> 63)
    rest &= (1 << 64) - 1
    out = bytearray()
    while rest > 0x7f and len(out) < 8:
        out.append(0x80 | (rest & 0x7f))
        rest >>= 7
    out.append(rest)
    return bytes(out)


def from_leb128(data, at):
    value = 0
    for i in range(9):
        byte = data[at + i]
        value |= (byte if i == 8 else byte & 0x7f) << (7 * i)
        if i == 8 or byte < 0x80:
            return (value >> 1) ^ -(value & 1), at + i + 1
    raise AssertionError("unreachable")


class Layout:
    """Where values are counted: `digits` significant digits from `lowest` on."""

    def __init__(self, digits, lowest):
        self.unit = int(math.log2(lowest))
        self.half_bits = math.ceil(math.log2(2 * 10 ** digits)) - 1

    def index(self, value):
        bucket = max(0, value.bit_length() - self.unit - self.half_bits - 1)
        return (bucket << self.half_bits) + (value >> (bucket + self.unit))

    def range(self, index):
        half = 1 << self.half_bits
        bucket = (index >> self.half_bits) - 1
        sub = (index & (half - 1)) + half
        if bucket < 0:
            bucket, sub = 0, sub - half
        shift = bucket + self.unit
        return sub << shift, ((sub + 1) << shift) - 1


def encode(values, digits=3, lowest=1, highest=24 * 3600 * 10 ** 9):
    layout = Layout(digits, lowest)
    counts = {}
    for value in values:
        index = layout.index(value)
        counts[index] = counts.get(index, 0) + 1
    payload, at = b"", 0
    for index in sorted(counts):
        if index - at == 1:
            payload += to_leb128(0)
        elif index > at:
            payload += to_leb128(-(index - at))
        payload += to_leb128(counts[index])
        at = index + 1
    plain = struct.pack(">IIIIqqd", 0x1c849313, len(payload), 0, digits,
                        lowest, highest, 1.0) + payload
    packed = zlib.compress(plain)
    return base64.b64encode(
        struct.pack(">II", 0x1c849314, len(packed)) + packed).decode()


def decode(text):
    """[(lowest, highest, count)] of the buckets that are not empty."""
    framed = base64.b64decode(text, validate=True)
    cookie, size = struct.unpack(">II", framed[:8])
    assert cookie & ~0xf0 == 0x1c849304 and size == len(framed) - 8
    plain = zlib.decompress(framed[8:])
    cookie, size, offset, digits, lowest, _, ratio = struct.unpack(
        ">IIIIqqd", plain[:40])
    assert cookie & ~0xf0 == 0x1c849303 and size == len(plain) - 40
    assert offset == 0 and ratio == 1.0
    layout, index, at, buckets = Layout(digits, lowest), 0, 40, []
    while at < len(plain):
        number, at = from_leb128(plain, at)
        if number <= 0:
            index += max(1, -number)
            continue
        buckets.append((*layout.range(index), number))
        index += 1
    return buckets


HEAD = ("#[Histogram log format version 1.2]\n"
        "#[StartTime: 1441753532.570 (seconds since epoch), Tue Sep 08]\n"
        '"StartTimestamp","Interval_Length","Interval_Max",'
        '"Interval_Compressed_Histogram"\n')


def rows_of(text):
    """{tag: [count, mean, min, p50, p90, p99, p99.9, max]} of molo hist."""
    lines = text.splitlines()
    rows = {}
    for line in lines[lines.index("") + 2:]:
        cells = re.split(r"  +", line.strip())
        rows[cells[0]] = cells[1:]
    return rows


# --- tests ---

def test_own_round_trip(t):
    """The reader here is right about what the writer here does."""
    for digits, lowest in ((3, 1), (2, 1), (5, 1), (3, 1000), (1, 1)):
        values = [lowest * n for n in (1, 2, 17, 1000, 2047, 2048, 99999, 5 * 10 ** 9)]
        buckets = decode(encode(values, digits, lowest))
        t.equal(sum(count for _, _, count in buckets), len(values), "count")
        for value in values:
            t.check(any(low <= value <= high for low, high, _ in buckets), value)


def test_log_of_a_run(t):
    path = t.new_path(".hlog")
    t.check(t.server, "server")
    outcome = t.run(PAD % "0.005", "-w", "2", "-r", "2",
                    "-o", "hlog=" + path).expect(0)
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    t.equal(lines[0], "#[Histogram log format version 1.3]", "first line")
    t.matches(lines[1], r"^#\[StartTime: \d+\.\d{3} \(seconds since epoch\)\]$")
    t.matches(lines[-1], r"^#\[Complete: \d+ intervals\]$")
    trend = outcome.result["metrics"]["http_req_duration"]
    buckets, end = [], None
    for line in lines[3:-1]:
        start, length, most, text = line.split(",")
        if end is not None:
            t.check(abs(float(start) - end) < 0.002, "intervals follow: " + line)
        end = float(start) + float(length)
        own = decode(text)
        buckets += own
        if own:
            t.check(abs(own[-1][1] / 1e6 - float(most)) <= 0.002 * float(most),
                    "Interval_Max of " + line)
    t.equal(sum(count for _, _, count in buckets), trend["count"], "count")
    t.check(min(low for low, _, _ in buckets) / 1e9 <= trend["min"], "min")
    t.check(max(high for _, high, _ in buckets) / 1e9 >= trend["max"], "max")

    said = t.molo("hist", path).expect(0)
    t.equal(rows_of(said.out)["-"][0], str(trend["count"]), "count of molo hist")


def test_table_of_percentiles(t):
    path = t.new_path(".hgrm")
    t.check(t.server, "server")
    outcome = t.run(PAD % "0.005", "-r", "2", "-o", "hgrm=" + path).expect(0)
    trend = outcome.result["metrics"]["http_req_duration"]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    rows = [line.split() for line in text.splitlines()
            if line and not line.startswith(("#", " " * 7 + "V"))]
    values = [float(row[0]) for row in rows]
    t.equal(values, sorted(values), "values")
    t.equal([float(row[1]) for row in rows],
            sorted(float(row[1]) for row in rows), "percentiles")
    t.equal(rows[-1][1:], ["1.000000000000", str(trend["count"])], "last row")
    t.check(abs(values[-1] - 1000 * trend["max"]) < 1e-5, "max")
    t.contains(text, "Total count    = %12d]" % trend["count"])
    for row in rows[:-1]:
        t.check(abs(float(row[3]) * (1 - float(row[1])) - 1) < 0.01,
                "1/(1-Percentile) of %s" % row)


def test_log_of_another_tool(t):
    """Two digits, a lowest value above 1, tags: the counts of all of it."""
    quick = [10 ** 6 + 1000 * n for n in range(1000)]
    slow = [2 * 10 ** 9] * 7
    path = t.file("other.hlog", HEAD + "".join([
        "0.127,1.007,2.0,%s\n" % encode(quick[:500], 2, 1000),
        "1.134,0.999,2.0,%s\n" % encode(quick[500:], 2, 1000),
        "Tag=slow,1.134,0.999,2000.0,%s\r\n" % encode(slow),
    ]))
    said = t.molo("hist", path).expect(0)
    t.contains(said.out, "intervals  3, from 127 ms to 2.13 s\n")
    rows = rows_of(said.out)
    t.equal(rows["-"][0], "1000", "count")
    t.matches(rows["-"][3], r"^1\.(49|5)\d* ms$")
    t.equal(rows["slow"][0], "7", "count of the tag")
    t.equal(rows["slow"][-1], "2 s", "max of the tag")


def test_refused(t):
    good = encode([5, 6, 7])
    raw = base64.b64decode(good)
    damaged = base64.b64encode(raw[:-3] + b"\0\0\0").decode()
    v1 = base64.b64encode(b"\x1c\x84\x93\x02" + raw[4:]).decode()
    for line, message in (
            ("0,1,1", "line 4: not an interval"),
            ("a,1,1," + good, "line 4: not an interval"),
            ("0,1,1,%s,5" % good, "line 4: not an interval"),
            ("0,1,1,&" + good, "line 4: "),
            ("0,1,1," + good[:8], "line 4: the histogram is cut off"),
            ("0,1,1," + damaged, "line 4: the compressed histogram is damaged"),
            ("0,1,1," + v1, "line 4: the histogram has cookie 0x1c849302: only the "
                            "compressed V2 encoding is read"),
            ("", "there is no histogram in it")):
        path = t.file("bad.hlog", HEAD + line + "\n")
        said = t.molo("hist", path).expect(2)
        t.contains(said.err, "molo: error: %s: %s" % (path, message))
        t.equal(said.out, "", "stdout")


def test_arguments(t):
    t.contains(t.molo("hist").expect(2).err,
               "give one file: molo hist FILE")
    t.contains(t.molo("hist", "/nowhere/x.hlog").expect(2).err,
               "cannot read '/nowhere/x.hlog': No such file or directory")
    t.contains(t.molo("hist", "--help").expect(0).out,
               "Usage: molo hist FILE")
    t.contains(t.molo("help", "hist").expect(0).out,
               "Usage: molo hist FILE")
    t.contains(t.molo("help").expect(0).out, "  hist FILE ")


if __name__ == "__main__":
    sys.exit(harness.main(globals()))
