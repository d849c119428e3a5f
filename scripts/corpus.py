"""Runs the program on the files of a MANIFEST.csv and judges each run by its label; called by scripts/corpus.

`TABLE` says which commands a file of a class goes through, `KNOWN` which labels are held to be wrong and why, `judge` what a
label asks for. Only the standard library is used: a bare Debian has no more.
"""

import argparse
import csv
import fcntl
import fnmatch
import hashlib
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 20
MEMORY_MIB = 1024
ADDRESS_SPACE = 3 << 30
FILE_SIZE = 1 << 30
PORT = 18080
MARK = Path("/tmp/PWNED_BY_VRT")
SECRET = b"root:x:0:0"
ENDS = {"error": (2, 3), "fine": (0,), "warn": (0, 4)}

# Any raster: its bands as they are stored, until the program says that there are no more.
EACH_BAND = "index R*1 --bands red={file}:{band} --scale 1 -o band{band}.tif"
SCENE = "{corpus}/pairs/ok_nochange/before.tif"
FORMULA = f"index {{formula}} --force --bands red={SCENE}:3,nir={SCENE}:4 -o out.tif"
PLAIN = f"{EACH_BAND} --format gtiff --compress none"
NDVI = "index NDVI {file} -o out.tif"
MASK = "--drop 0.2 -o mask.tif"
PATCHES = "patches mask.tif -o patches.geojson"
DAYS = "--before-date 2025-12-01 --after-date 2026-01-05"
PAIR = "difference --index NDVI --before {folder}/before.tif --after {folder}/after.tif"
CLOUDS = "difference --index NDVI --before {folder}/before.tif --after {folder}/after.tif,scl={folder}/scl.tif --clear 4,5,6,7"
JOIN = "join {file} --registries {catalogue} --wide -o joined.geojson"
# The file is the registry, joined by its key: what stands in it comes out under the features that name it.
KEYED = "join parcels.csv --registries {catalogue} --wide -o joined.csv"
# A geometry of a list, whose numbers lie beyond any longitude.
SHAPE = "join {shape} --crs EPSG:3857 --registries {catalogue} --wide --force -o joined.geojson"


def patches(count, hectares=None):
    """So many patches, and their area on the grid."""

    def check(work, _case):
        found = [feature["properties"] for feature in load(work / "patches.geojson")["features"]]
        if len(found) != count:
            return f"{len(found)} patches, expected {count}"
        pixels = sum(patch["pixels"] for patch in found)
        if hectares is not None and pixels != round(hectares * 100):
            return f"{pixels} pixels of 10 m, expected {hectares} ha"
        return None

    return check


def unseen(work, case):
    """No patch, and the report says that nothing was seen."""
    counts = case.runs[0].report().get("counts", {})
    if counts.get("not_seen") != counts.get("pixels") or not counts:
        return f"not all pixels are told as not seen: {counts}"
    return patches(0)(work, case)


def read_right(work, case):
    """The numbers are those that another reader gives, where that one has been asked."""
    expected = SUMS.get(case.paths[0].name, ())
    for band, sum_expected in enumerate(expected, 1):
        path = work / f"band{band}.tif"
        if not path.exists():
            return f"band {band} of {len(expected)} was not read"
        values = enumerate(pixels(path.read_bytes()))
        sum_found = sum(value * (1 + place % 251) for place, value in values if value == value)
        if abs(sum_found - sum_expected) > 1e-5 * abs(sum_expected):
            return f"band {band} sums up to {sum_found:.6g}, another reader's to {sum_expected:.6g}"
    return None


def pixels(data):
    """The pixels of a plain TIFF of one float32 band, row by row."""
    at, fields = struct.unpack_from("<I", data, 4)[0], {}
    for entry in range(struct.unpack_from("<H", data, at)[0]):
        tag, kind, count, last = struct.unpack_from("<HHII", data, at + 2 + 12 * entry)
        code, width = {3: ("H", 2), 4: ("I", 4)}.get(kind, ("B", 1))
        inline = count * width <= 4
        fields[tag] = struct.unpack_from(f"<{count}{code}", data, at + 2 + 12 * entry + 8 if inline else last)
    cols, rows = fields[256][0], fields[257][0]
    tiled = 324 in fields
    block_cols, block_rows = (fields[322][0], fields[323][0]) if tiled else (cols, fields[278][0])
    across = -(-cols // block_cols)
    places = fields[324 if tiled else 273]
    for row in range(rows):
        for block in range(across):
            place = places[row // block_rows * across + block] + row % block_rows * block_cols * 4
            width = min(block_cols, cols - block * block_cols)
            yield from struct.unpack_from(f"<{width}f", data, place)


def named(work, case):
    """Every text comes back as it went in; a CSV may put an apostrophe before what a spreadsheet takes for a formula."""
    texts = load(case.paths[0])
    table = load(work / "joined.geojson")["features"]
    with open(work / "joined.csv", newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    formula = re.compile(r"^[=+\-@\t\r]")
    for what, rows in (("joined.geojson", [row["properties"] for row in table]), ("joined.csv", cells)):
        if len(rows) != len(texts):
            return f"{what} has {len(rows)} rows, expected {len(texts)}"
        for place, (text, row) in enumerate(zip(texts, rows)):
            for column in ("owner", "r_name"):
                got = row[column] or ""
                if what.endswith("csv") and formula.match(text) and got == "'" + text:
                    continue
                if got != text:
                    return f"{what}, row {place + 1}, {column}: {got!r} instead of {text!r}"
    xml.etree.ElementTree.parse(work / "joined.kml")
    return None


def keyed(work, case):
    """Key and owner come out as they stand in the file, under the one feature that names the key."""
    with open(case.paths[0], newline="", encoding="utf-8-sig") as file:
        records = list(csv.DictReader(file))
    with open(work / "joined.csv", newline="", encoding="utf-8") as file:
        rows = {row["parcel"]: row for row in csv.DictReader(file)}
    for record in records:
        row, owner = rows[record["parcel_id"]], record.get("owner", "")
        if row["r_key"] != record["parcel_id"]:
            return f"key {row['r_key']!r} instead of {record['parcel_id']!r}"
        same = [other.get("owner", "") for other in records if other["parcel_id"] == record["parcel_id"]]
        if row["r_count"] != str(len(same)):
            return f"{row['r_count']} records of key {record['parcel_id']!r}, expected {len(same)}"
        safe = ["'" + text if re.match(r"[=+\-@\t\r]", text) else text for text in same]
        if owner and row["r_name"] not in safe:
            return f"owner {row['r_name']!r} instead of {owner!r}"
    return None


def digits_kept(work, case):
    """Numbers of any length and text with leading zeros come out digit by digit."""
    read = [json.loads(path.read_text(), parse_int=str, parse_float=str) for path in (case.paths[0], work / "joined.geojson")]
    before, after = ([feature["properties"] for feature in one["features"]] for one in read)
    for old, new in zip(before, after):
        for name, value in old.items():
            if str(new.get(name)) != value:
                return f"{name} is {new.get(name)!r} instead of {value!r}"
    return None


def shapes(path):
    """Geometries of a list of cases, each with whether it is valid: by its own test, else as PostGIS 3.3 (GEOS 3.11) holds it."""
    for number, case in enumerate(xml.etree.ElementTree.parse(path).getroot().iter("case"), 1):
        told = [op.text.strip() == "true" for op in case.iter("op") if op.get("name") == "isValid"]
        for part in "ab":
            text = " ".join((case.findtext(part) or "").split())
            if text:
                yield text, told[0] if told else (number, part) not in INVALID


def told_valid(_work, case):
    """What is valid is read as it is, what is not is repaired with a warning."""
    for place, ((text, valid), run) in enumerate(zip(shapes(case.paths[0]), case.runs), 1):
        if text.startswith("GEOMETRYCOLLECTION"):
            continue  # it is read as its multi-geometry, whose parts may not share an edge as those of a collection may
        repaired = any(warning["code"].startswith("geometry_") for warning in run.report().get("warnings", []))
        if repaired == valid:
            return f"geometry {place} ({text[:60]}) counts as {'invalid' if repaired else 'valid'}"
    return None


def described(_work, case):
    """Scale, offset and band of an item come out whichever version of STAC tells them."""
    layer = {"role": "red", "asset": "red", "href": "./red.tif", "there": False, "scale": 0.0001, "offset": -0.1}
    scenes = case.runs[-1].report().get("scenes", [])
    if case.expect == "fine" and [scene["layers"] for scene in scenes] != [[layer]]:
        return f"its layers are told as {scenes}"
    return None


@dataclass
class Row:
    """Commands of the program for the files of a class; the first that fails ends them."""

    kind: str
    files: str  # pattern of the name below the class's folder
    commands: list
    check: object = None  # what is asked for beyond the label; gives what is off
    each: str = ""  # run once for every band of a raster, line of a text, formula or shape of a list
    whole: bool = False  # a folder is one case
    alone: bool = False  # a JSON text, which is no GeoJSON: so it must be refused, and be read as a property of a feature
    placed: bool = False  # refused for want of a place, a copy that has one is run as well
    counts: bool = True  # off means a failure of the whole


TABLE = [
    Row("pairs", "ok_clearing", [f"{PAIR} {MASK}", PATCHES], patches(1, 12.0), whole=True),
    Row("pairs", "ok_nochange", [f"{PAIR} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "scl_all_cloud", [f"{CLOUDS} {MASK}", PATCHES], unseen, whole=True),
    Row("pairs", "scl_partial", [f"{CLOUDS} {DAYS} {MASK}", PATCHES], patches(1, 6.0), whole=True),
    Row("pairs", "date*", [f"{PAIR} {MASK}"], whole=True),
    Row("pairs", "identical_file", [f"{PAIR} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "different_crs", [f"{PAIR} {DAYS} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "baseline_mix", [f"{PAIR} {DAYS} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "dtype_mix", [f"{PAIR} {DAYS} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "one_pixel_shift_content", [f"{PAIR} {DAYS} {MASK}", PATCHES], patches(0), whole=True),
    Row("pairs", "*", [f"{PAIR} {DAYS} {MASK}"], whole=True),
    Row("raster_odd", "*.vrt", [EACH_BAND], each="band"),
    Row("raster_odd", "*.h5", [EACH_BAND], each="band"),
    *(
        Row("raster_odd", name, [EACH_BAND], each="band", placed=True)
        for name in "alpha.tif cogeo.tif float_raster_* gcp.tif *tinymarble.tif rgb-byte-* rotated.tif world.byte.tif".split()
    ),
    Row("raster_odd", "*", [NDVI]),
    Row("raster_bad", "*", [EACH_BAND], each="band", placed=True),
    Row("tiff_good", "*", [PLAIN], read_right, each="band", placed=True),
    Row("tiff_fuzz", "*", [EACH_BAND], each="band", placed=True),
    Row("gdal_tiff", "*", [EACH_BAND], each="band", placed=True),
    Row("netcdf", "*", [EACH_BAND], each="band"),
    Row("vrt", "*.txt", ["index R*1 --scale 1 -o out.tif -- {line}"], each="line"),
    Row("vrt", "ogr_*.vrt", [JOIN]),
    Row("vrt", "*", [EACH_BAND], each="band"),
    Row("safe_xml", "*", ["scenes {file}"]),
    Row("zip", "*", ["scenes {file}"]),
    Row("stac", "*", ["scenes {file}"], described),
    Row("config", "*.json", [FORMULA], each="formula"),
    Row("config", "*", ["check {file}"]),
    Row("misc", "*.json", [JOIN]),
    Row("misc", "*", [EACH_BAND], each="band", placed=True),
    Row(
        "text",
        "blns.json",
        [f"join names.geojson --registries names.toml --wide -o joined.{ending}" for ending in ("geojson", "csv", "kml")],
        named,
    ),
    *(
        Row("csv", name, [KEYED], keyed)
        for name in "bom_crlf.csv dates_reversed.csv dup_keys.csv empty.csv float_ids.csv formula.csv nul_bytes.csv"
        " null_island.csv ok.csv".split()
    ),
    Row("geojson", "big_ints.geojson", [JOIN], digits_kept),
    Row("json", "*", ["join {wrapped} --registries {catalogue} --wide -o joined.geojson"], alone=True),
    # None of them has a .prj, without which a Shapefile is refused by rule.
    Row("shp", "*.shp", [f"{JOIN} --crs EPSG:4326"]),
    # What is no KML by its name goes to the reader of KML all the same.
    Row("xml", "*.kml", [JOIN]),
    Row("xml", "*", ["join {kml} --registries {catalogue} --wide -o joined.geojson"]),
    Row("geom_cases", "*", [SHAPE], told_valid, each="shape"),
    *(Row(kind, "*", [JOIN]) for kind in "csv geojson shp fgb gpkg arrow".split()),
    Row("parquet", "*", [JOIN]),
]

# Case and part of the polygons of InvalidRelates.xml that touch themselves.
INVALID = ((1, "b"), (2, "b"), (3, "b"), (6, "b"))

# What tifffile 2026.3.3 reads in good images, band by band: the sum of value x (1 + place modulo 251), to six digits.
SUMS = {
    "itiff_12bit.cropped.tiff": (1.33564e+06,),
    "itiff_BigTIFF.tif": (3.94641e+07, 2.28952e+07, 3.76406e+07,),
    "itiff_BigTIFFMotorola.tif": (3.94641e+07, 2.28952e+07, 3.76406e+07,),
    "itiff_extra_bits_gray_8b.tiff": (0, 2080,),
    "itiff_extra_bits_rgb_8b.tiff": (0, 0, 0, 2080,),
    "itiff_fax4.tiff": (3.08335e+07,),
    "itiff_gradient-1c-32b.tiff": (8.8761e+13,),
    "itiff_gradient-3c-32b-float.tiff": (20328.3, 19830.4, 23583.9,),
    "itiff_gradient-3c-32b.tiff": (8.73093e+13, 8.51708e+13, 1.01292e+14,),
    "itiff_gradient-3c-64b.tiff": (8.73093e+13, 8.51708e+13, 1.01292e+14,),
    "itiff_imagemagick_group4.tiff": (1.34497e+06,),
    "itiff_int16.tif": (8.26164e+07,),
    "itiff_int8.tif": (294763,),
    "itiff_issue_69_lzw.tiff": (1.26677e+08,),
    "itiff_minisblack-1c-7b.tiff": (7604,),
    "itiff_minisblack-1c-8b.tiff": (3.57089e+08,),
    "itiff_minisblack-1c-i16b.tiff": (-5.47409e+09,),
    "itiff_miniswhite-1c-6b.tiff": (5432,),
    "itiff_quad-tile.jpg.tiff": (6.82327e+08, 9.43373e+08, 1.11254e+09,),
    "itiff_random-fp16-pred2.tiff": (26452.4,),
    "itiff_random-fp16-pred3.tiff": (26452.4,),
    "itiff_random-fp16.tiff": (26452.4,),
    "itiff_seq-1c-10b-6d739fa2.tiff": (5.2748e+06,),
    "itiff_seq-1c-10b-hpredict-6d739fa2.tiff": (5.2748e+06,),
    "itiff_seq-1c-12b-hpredict-47c39b31.tiff": (5.2748e+06,),
    "itiff_usda_naip_256_webp_z3.tif": (7.73601e+08, 7.11402e+08, 5.67838e+08, 1.31081e+09,),
}

# The warning that a label asks for, where the label says of what.
WARNS = {
    "csv/dates_reversed": "validity_reversed",
    "csv/dup_keys": "duplicate_key",
    "csv/float_ids": "spreadsheet_number",
    "geojson/antimeridian_unsplit": "wide_geometry",
    "geojson/collapsed": "geometry_collapsed",
    "geojson/dup_keys": "duplicate_member",
    "geojson/hint_bad_point-toomany": "dimensions_dropped",
    "geojson/lat_lon_swapped": "outside_registries",
    "geojson/mixed_dims": "dimensions_dropped",
    "pairs/identical_file": "same_image_twice",
    "pairs/scl_all_cloud": "nothing_clear",
    "raster_odd/all_nodata.tif": "nothing_clear",
    "raster_odd/epsg3857.tif": "web_mercator",
    "raster_odd/nodata_minus9999_in_uint16.tif": "impossible_nodata",
    "raster_odd/nodata_wrong_65535.tif": "undeclared_fill",
}

# Labels held to be wrong: file pattern, the label it is judged by instead, and why.
KNOWN = [
    (
        "geojson/hint_bad_point-toomany.geojson",
        "warn",
        "RFC 7946 3.1.1 says that positions should not have more than three numbers and that readers may ignore those; the same"
        " manifest asks for a warning where mixed_dims.geojson has four",
    ),
    (
        "pairs/one_pixel_shift_content*",
        "fine",
        "its two images are independent noise (no shift of up to 6 pixels correlates them by more than 0.04 in any band), so nothing in"
        " them tells of a shift; what it asks for, no alerts, is held",
    ),
    (
        "raster_odd/gcp.tif",
        "error",
        "it has control points and no geotransform, as the Sentinel-1 file of gdal_tiff: refused by the same rule",
    ),
    (
        "misc/park.geo.json",
        "error",
        "its ring is not closed (the first position is -109.7983,45.0021, the last -111.0416,45.0021), which RFC 7946 3.1.6"
        " asks for; the same manifest labels short and open rings of geojson as errors",
    ),
    (
        "gdal_tiff/buggy_sentinel1_ellipsoid_code_4326.tif",
        "error",
        "it has control points and no geotransform: a raster without a place is refused by rule with what to do"
        " (georeference it); GDAL's test is of the name of its reference system only",
    ),
    (
        "tiff_good/itiff_hpredict-1c-12b.tiff",
        "error",
        "a predictor without compression: TIFF 6.0 knows one for LZW only, libtiff (so GDAL) gives the differences and"
        " image-tiff their sums, so any answer is wrong for somebody: refused by rule",
    ),
]


def load(path):
    """The JSON of a file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


@dataclass
class Run:
    """One run of the program."""

    arguments: list
    code: int
    seconds: float
    mib: float
    out: bytes
    err: str
    faults: list  # what no label allows

    def report(self):
        """The JSON object on stdout; empty where there is none."""
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    def lines(self):
        return self.err.strip("\n").split("\n") if self.err.strip() else []


@dataclass
class Case:
    """A file, or a folder of files that belong together."""

    name: str
    kind: str
    expect: str
    paths: list
    row: Row
    runs: list = field(default_factory=list)
    off: list = field(default_factory=list)
    label: str = ""  # the manifest's, where another is judged by
    files: int = 1


class Ear:
    """Listens where the hostile addresses point to: nobody may come."""

    def __init__(self):
        raise_loopback()
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", PORT))
        self.socket.listen(64)
        self.socket.setblocking(False)

    def callers(self):
        """How many came since it was last asked."""
        count = 0
        while True:
            try:
                self.socket.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1


def raise_loopback():
    """Brings `lo` up, which is down in a new network; `ip link set lo up` without iproute2."""
    get_flags, set_flags, is_up = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, get_flags, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", answer)[1]
        if not flags & is_up:
            fcntl.ioctl(control, set_flags, struct.pack("16sH14x", b"lo", flags | is_up))


class Runner:
    """Runs the program and sees to what holds for every label."""

    def __init__(self, program, corpus):
        self.program = program
        self.corpus = corpus
        self.ear = Ear()

    def run(self, arguments, case, work):
        """Runs the program once in the folder `work`."""
        watched = sorted({path.parent for path in case.paths})
        before, made = listing(watched), set(files_in(work))
        command = ["prlimit", f"--as={ADDRESS_SPACE}", f"--fsize={FILE_SIZE}", "--core=0", "--", self.program, "--json", *arguments]
        environment = {"PATH": os.defpath, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8"}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            child = subprocess.Popen(
                command, cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
            )
            begin = time.monotonic()
            code, usage = wait(child, begin + SECONDS)
            seconds = time.monotonic() - begin
            out.seek(0)
            err.seek(0)
            run = Run(arguments, code, seconds, usage.ru_maxrss / 1024, out.read(), err.read().decode("utf-8", "replace"), [])
        new = sorted(set(files_in(work)) - made)
        run.faults += [f"left {name} behind" for name in new if ".partial" in name or name.split("/")[-1].startswith(".")]
        if code not in (0, 4):
            run.faults += [f"wrote {name} although it failed" for name in new]
        if code is None:
            run.faults.append(f"was not done after {SECONDS} s")
        elif code < 0:
            run.faults.append(f"ended by {signal.Signals(-code).name}")
        if "panicked at" in run.err:
            run.faults.append("panicked")
        if run.mib > MEMORY_MIB:
            run.faults.append(f"took {run.mib:.0f} MiB")
        if callers := self.ear.callers():
            run.faults.append(f"asked the network {callers} times")
        if MARK.exists():
            run.faults.append(f"{MARK} was made: code of a file was run")
            MARK.unlink()
        if listing(watched) != before:
            run.faults.append("changed the folder of its input")
        if any(SECRET in text for text in [run.out, run.err.encode(), *(begin_of(work / name) for name in new)]):
            run.faults.append("gave away /etc/passwd")
        case.runs.append(run)
        return run


def wait(child, deadline):
    """Exit code (None: killed at the deadline) and use of resources."""
    killed = False
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return (None if killed else child.returncode), usage
        if not killed and time.monotonic() > deadline:
            os.killpg(child.pid, signal.SIGKILL)
            killed = True
        time.sleep(0.002)


def begin_of(path):
    """The first bytes of a file: what was stolen from a small file is small, and this process has to stay so."""
    with path.open("rb") as file:
        return file.read(16 << 20)


def files_in(folder):
    """Names of all files below a folder."""
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()]


def listing(folders):
    """What lies in folders, so that a change is seen."""
    return {path: (stat.st_size, stat.st_mtime_ns) for folder in folders for path in folder.iterdir() if (stat := path.lstat())}


def carry_out(case, runner, work):
    """Runs the commands of a case, and where it lacks only a place those of a copy that has one."""
    go_through(case, runner, work, case.paths[0])
    refusal = case.runs[-1]
    if case.row.placed and refusal.code == 3 and any(text in refusal.err for text in NO_PLACE):
        copy = place(case.paths[0].read_bytes())
        if copy is not None and not clean(refusal, case):
            (work / "placed").mkdir()
            path = work / "placed" / case.paths[0].name
            path.write_bytes(copy)
            go_through(case, runner, work, path)
            path.unlink()


def go_through(case, runner, work, path):
    """Runs the commands of a case on a file, one after the other."""
    values = {
        "file": str(path),
        "folder": str(case.paths[0].parent),
        "corpus": str(runner.corpus),
        "catalogue": str(work / "catalogue.toml"),
        "wrapped": str(work / "wrapped" / path.name),
        "kml": str(work / f"{path.name}.kml"),
    }
    prepare(case, work)
    for turn in turns(case):
        for command in case.row.commands:
            arguments = [word.format(**values, **turn) for word in shlex.split(command)]
            run = runner.run(arguments, case, work)
            if turn.get("band", 1) > 1 and run.code == 3 and "has no layer" in run.err:
                case.runs.pop()
                return
            if run.code not in (0, 4):
                break
        if run.code not in (0, 4) and case.row.each == "band":
            return


def turns(case):
    """What is put into the commands, turn by turn."""
    if case.row.each == "band":
        return [{"band": band} for band in range(1, 17)]
    if case.row.each == "line":
        return [{"line": line} for line in case.paths[0].read_text().splitlines() if line]
    if case.row.each == "shape":
        return [{"shape": f"shape{place}.csv"} for place, _ in enumerate(shapes(case.paths[0]), 1)]
    if case.row.each == "formula":
        return [{"formula": record["formula"]} for record in load(case.paths[0])["indices"]]
    return [{"band": 1}]


NO_PLACE = ("has no coordinate reference system", "has no usable geotransform")
PLACE_TAGS = (33550, 33922, 34264, 34735, 34736, 34737)


def place(data):
    """A TIFF's bytes with a place on Earth (UTM 18 N, pixels of 10 m) in a new first directory.

    None where it has no directory to copy, or one that says something of a place.

    Most images that are good or bad for their codecs, sizes and offsets have no place, and are refused for that before a
    pixel is unpacked.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return None
    big = data[2:4] == struct.pack(order + "H", 43)
    count, entry, offset = ("Q", 20, "Q") if big else ("H", 12, "I")
    first_at = 8 if big else 4
    width = struct.calcsize(order + offset)
    (at,) = struct.unpack_from(order + offset, data, first_at)
    try:
        (entries,) = struct.unpack_from(order + count, data, at)
        if entries > 4096:
            return None
        at += struct.calcsize(order + count)
        kept = [data[at + i * entry : at + (i + 1) * entry] for i in range(entries)]
        following = data[at + entries * entry :][:width].ljust(width, b"\0")
    except (struct.error, OverflowError):
        return None
    if any(len(one) != entry or struct.unpack(order + "H", one[:2])[0] in PLACE_TAGS for one in kept):
        return None
    data = bytearray(data) + b"\0" * (-len(data) % 8)
    keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32618)
    for tag, kind, code, numbers in (
        (33550, 12, "d", (10.0, 10.0, 0.0)),
        (33922, 12, "d", (0.0, 0.0, 0.0, 500000.0, 100000.0, 0.0)),
        (34735, 3, "H", keys),
    ):
        kept.append(struct.pack(order + "HH" + 2 * offset, tag, kind, len(numbers), len(data)))
        data += struct.pack(f"{order}{len(numbers)}{code}", *numbers)
    kept.sort(key=lambda one: struct.unpack(order + "H", one[:2])[0])
    struct.pack_into(order + offset, data, first_at, len(data))
    return bytes(data + struct.pack(order + count, len(kept)) + b"".join(kept) + following)


CATALOGUE = """[[source]]
id = "r"
title = { es = "Cuadros", en = "Squares" }
authority = "nobody"
path = "FILE"
key = "k"
name = "n"
privacy = "public"
"""
SQUARE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"k": "1", "n": "one"},
            "geometry": {"type": "Polygon", "coordinates": [[[-75, 0], [-74, 0], [-74, 1], [-75, 1], [-75, 0]]]},
        }
    ],
}


def prepare(case, work):
    """Writes the files beside the case's own that its commands name."""
    if case.row.check is named:
        prepare_names(load(case.paths[0]), work)
    elif case.row.check is keyed:
        prepare_key(case.paths[0], work)
    elif "{catalogue}" in " ".join(case.row.commands):
        (work / "square.geojson").write_text(json.dumps(SQUARE))
        (work / "catalogue.toml").write_text(CATALOGUE.replace("FILE", "square.geojson"))
    if case.row.each == "shape":
        for place, (text, _) in enumerate(shapes(case.paths[0]), 1):
            (work / f"shape{place}.csv").write_text(f'id;wkt\n{place};"{text}"\n')
    if case.row.alone:
        (work / "wrapped").mkdir()
        text = b'{"type":"Feature","geometry":null,"properties":{"value":' + case.paths[0].read_bytes() + b"}}"
        (work / "wrapped" / case.paths[0].name).write_bytes(text)
    if "{kml}" in " ".join(case.row.commands):
        (work / f"{case.paths[0].name}.kml").write_bytes(case.paths[0].read_bytes())


def prepare_key(path, work):
    """Parcels that name the keys of a table, and a catalogue in which that table is the registry."""
    keys = ["001", "002", "003", "004", "005", "006", "1", "1.23457E+11"]
    (work / "parcels.csv").write_text("parcel\n" + "".join(f"{key}\n" for key in keys))
    header = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode().strip().split(",")
    record = CATALOGUE.replace("FILE", str(path)).replace('"k"', '"parcel_id"') + 'join = "key:parcel"\n'
    record = record.replace('name = "n"\n', 'name = "owner"\n' if "owner" in header else "")
    if "valid_from" in header:
        record += 'valid_from = "valid_from"\nvalid_to = "valid_to"\n'
    (work / "catalogue.toml").write_text(record)


def prepare_names(texts, work):
    """A point a text, owned by it, in a square of that name."""

    def collection(features):
        return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=True)

    points, squares = [], []
    for place, text in enumerate(texts):
        x, y = -75 + place % 50 * 0.01, place // 50 * 0.01
        ring = [[x, y], [x + 0.008, y], [x + 0.008, y + 0.008], [x, y + 0.008], [x, y]]
        point = {"type": "Point", "coordinates": [round(x + 0.004, 6), round(y + 0.004, 6)]}
        square = {"type": "Polygon", "coordinates": [[[round(v, 6) for v in position] for position in ring]]}
        points.append({"type": "Feature", "properties": {"id": f"p{place}", "owner": text}, "geometry": point})
        squares.append({"type": "Feature", "properties": {"k": f"k{place}", "n": text}, "geometry": square})
    (work / "names.geojson").write_text(collection(points))
    (work / "squares.geojson").write_text(collection(squares))
    (work / "names.toml").write_text(CATALOGUE.replace("FILE", "squares.geojson"))


def judge(case, runner):
    """Runs a case and writes down what is off."""
    with tempfile.TemporaryDirectory(prefix="atalaya-corpus-") as folder:
        work = Path(folder)
        if case.row.alone:
            alone(case, runner, work)
        carry_out(case, runner, work)
        case.off += [f"{shown(run)} {fault}" for run in case.runs for fault in run.faults]
        case.off += as_labelled(case)
        if not case.off and case.row.check and case.runs[-1].code in (0, 4):
            try:
                case.off += [off for off in [case.row.check(work, case)] if off]
            except (OSError, ValueError, LookupError, xml.etree.ElementTree.ParseError) as error:
                case.off.append(f"its outputs cannot be read: {error!r}")
        said = [(run.code, run.out, run.err) for run in case.runs]
        outputs = sums(work)
    if case.expect == "policy" and not case.off:
        again = Case(case.name, case.kind, case.expect, case.paths, case.row)
        with tempfile.TemporaryDirectory(prefix="atalaya-corpus-") as folder:
            work = Path(folder)
            carry_out(again, runner, work)
            if [(run.code, run.out, run.err) for run in again.runs] != said:
                case.off.append("does not say the same the second time")
            if sums(work) != outputs:
                case.off.append("does not write the same the second time")


def alone(case, runner, work):
    """Runs a JSON text as it is: refused whatever it is, and as JSON only where it is none."""
    (work / "square.geojson").write_text(json.dumps(SQUARE))
    (work / "catalogue.toml").write_text(CATALOGUE.replace("FILE", "square.geojson"))
    words = ["join", str(case.paths[0]), "--registries", str(work / "catalogue.toml"), "-o", "joined.geojson"]
    run = runner.run(words, case, work)
    case.off += clean(run, case)
    if run.code != 3:
        case.off.append(f"{shown(run)} ended with {run.code}{told(run)}")
    is_json = case.paths[0].name.startswith("y_")
    if case.expect != "either" and is_json != ("no GeoJSON" in run.err):
        case.off.append(f"{shown(run)} does not tell what is no JSON from what is no GeoJSON{told(run)}")


def sums(folder):
    """SHA-256 of every file below a folder."""
    found = {}
    for name in files_in(folder):
        with (folder / name).open("rb") as file:
            found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def as_labelled(case):
    """What a label asks of exit codes, messages and warnings."""
    off, last = [], case.runs[-1]
    apart = case.row.each in ("line", "formula")
    decisive = case.runs if apart else [last]
    for run in decisive:
        failed = run.code not in (0, 4)
        if failed and (case.expect in ("error", "policy", "either") or run.code not in ENDS[case.expect]):
            off += clean(run, case)
        if case.expect in ENDS and run.code not in ENDS[case.expect] and not (apart and harmless(run)):
            off.append(f"{shown(run)} ended with {run.code}{told(run)}")
    if case.expect == "error" and apart and all(harmless(run) for run in decisive):
        off.append("nothing in it was refused")
    if case.expect == "warn" and not off:
        codes = [warning.get("code") for run in case.runs for warning in run.report().get("warnings", [])]
        if not codes or not all(codes):
            off.append(f"{shown(last)} gave no warning with a code")
        wanted = next((code for name, code in WARNS.items() if case.name.startswith(name)), None)
        if wanted and wanted not in codes:
            off.append(f"{shown(last)} did not warn of {wanted}")
    return off


def harmless(run):
    """Of the formulas of one label some are sound and have no value anywhere, such as (N-R)/(N-N): that must be told."""
    return run.code == 0 and any(warning.get("code") == "no_value" for warning in run.report().get("warnings", []))


def clean(run, case):
    """What is wrong with the way in which a run failed."""
    off = []
    if run.code is None or run.code < 0:
        return off  # told already
    if run.code not in ENDS["error"]:
        off.append(f"{shown(run)} ended with {run.code}, no code of a bad input{told(run)}")
    if len(run.lines()) != 1:
        off.append(f"{shown(run)} told {len(run.lines())} lines{told(run)}")
    names = [case.paths[0].name] if case.row.each not in ("line", "formula") else []
    if case.row.each == "line":
        names = [run.arguments[-1]]
    elif case.row.whole:
        names = [path.name for path in case.paths]
    if names and not any(name in run.err for name in names):
        off.append(f"{shown(run)} does not name {' or '.join(names)}{told(run)}")
    return off


def shown(run):
    words = " ".join(re.sub(r"(^|[=,])/[^=,]*/", r"\1", word) for word in run.arguments)
    return f"`{words[:80]}{'..' if len(words) > 80 else ''}`"


def told(run):
    first = run.lines()[0] if run.lines() else "nothing"
    return f": {first[:240]}"


def cases(corpus, wanted, everything):
    """The cases of a manifest in its order, and the files left out, counted by reason."""
    found, skipped = {}, {}
    with open(corpus / "MANIFEST.csv", newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    for record in records:
        kind, path = record["class"], corpus / record["file"]
        if wanted and kind not in wanted:
            continue
        below = record["file"].removeprefix(f"{kind}/")
        row = next((row for row in TABLE if row.kind == kind and matches(row, below)), None)
        reason = "no verb reads this class yet" if row is None else ""
        if row and not row.counts and not everything and not wanted:
            reason = "shown with --all, does not count yet"
        if reason:
            skipped[kind, reason] = skipped.get((kind, reason), 0) + 1
            continue
        name = str(Path(record["file"]).parent) if row.whole else record["file"]
        if row.whole and name in found:
            found[name].paths.append(path)
            found[name].files += 1
            check_bytes(found[name], record, path)
            continue
        case = Case(name, kind, record["expect"], [path], row)
        for pattern, expect, _ in KNOWN:
            if fnmatch.fnmatch(name, pattern):
                case.label, case.expect = case.expect, expect
        check_bytes(case, record, path)
        found[name] = case
    return list(found.values()), skipped


def matches(row, below):
    return fnmatch.fnmatch(str(Path(below).parent) if row.whole else below, row.files)


def check_bytes(case, record, path):
    """A file that is not the manifest's is judged by nobody's label."""
    try:
        sum_found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        sum_found = str(error)
    if record.get("sha256") and sum_found != record["sha256"]:
        case.off.append(f"{path.name} is not the manifest's file ({sum_found})")


def table(done, skipped):
    """Lines of the summary, one a class."""
    rows = [("class", "files", "as labelled", "off", "skipped", "slowest s", "largest MiB", "")]
    kinds = list(dict.fromkeys([case.kind for case in done] + [kind for kind, _ in skipped]))
    for kind in sorted(kinds):
        own = [case for case in done if case.kind == kind]
        runs = [run for case in own for run in case.runs]
        off = sum(case.files for case in own if case.off)
        files = sum(case.files for case in own)
        left = [(reason, count) for (of, reason), count in skipped.items() if of == kind]
        note = "; ".join(reason for reason, _ in left)
        if own and not own[0].row.counts:
            note = "does not count yet"
        rows.append((
            kind,
            str(files + sum(count for _, count in left)),
            str(files - off),
            str(off),
            str(sum(count for _, count in left)),
            f"{max((run.seconds for run in runs), default=0):.2f}" if runs else "-",
            f"{max((run.mib for run in runs), default=0):.0f}" if runs else "-",
            note,
        ))
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    for row in rows:
        cells = [row[0].ljust(widths[0])] + [row[column].rjust(widths[column]) for column in range(1, 7)]
        yield ("  ".join(cells) + ("   " + row[7] if row[7] else "")).rstrip()


def write_report(path, done):
    with open(path, "w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, delimiter="\t", lineterminator="\n")
        lines.writerow(["case", "class", "label", "judged_by", "verdict", "exit", "seconds", "mib", "off", "told"])
        for case in done:
            last = case.runs[-1] if case.runs else None
            lines.writerow([
                case.name,
                case.kind,
                case.label or case.expect,
                case.expect,
                "off" if case.off else "as labelled",
                last.code if last else "",
                f"{sum(run.seconds for run in case.runs):.2f}",
                f"{max((run.mib for run in case.runs), default=0):.0f}",
                "; ".join(case.off),
                " | ".join(last.lines()) if last else "",
            ])


def main():
    parser = argparse.ArgumentParser(prog="scripts/corpus", allow_abbrev=False)
    parser.add_argument("folder", type=Path)
    parser.add_argument("program", type=Path)
    parser.add_argument("--classes", type=lambda text: text.split(","), default=[])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    corpus = given.folder.resolve()
    found, skipped = cases(corpus, given.classes, given.all)
    if not found:
        sys.exit("error: no file of the manifest is of a class that is run here")
    if MARK.exists():
        sys.exit(f"error: {MARK} is there already; remove it")
    runner = Runner(str(given.program.resolve()), corpus)
    for case in found:
        if not case.off:
            judge(case, runner)
        if any(run.code is None for run in case.runs):
            # A machine that stalls for seconds is no fault of the program: a hang comes again.
            case.runs, case.off = [], []
            judge(case, runner)
    print("\n".join(table(found, skipped)))
    for pattern, expect, reason in KNOWN:
        held = [case for case in found if case.label and fnmatch.fnmatch(case.name, pattern)]
        if held:
            print(f"label held to be wrong: {pattern} is judged as {expect}, not {held[0].label}: {reason}")
    bad = [case for case in found if case.off]
    for case in bad:
        print(f"off: {case.name}: expected {case.expect}; {'; '.join(case.off)}")
    if given.report:
        write_report(given.report, found)
    counting = [case for case in bad if case.row.counts]
    print(f"corpus: {sum(c.files for c in found)} files, {sum(c.files for c in bad)} off, {sum(len(c.runs) for c in found)} runs")
    sys.exit(1 if counting else 0)


main()
