"""Writes granules as MOD13Q1 is delivered (HDF-EOS 2 in HDF4), and beside each layer what it holds (NAME.LAYER.i2, big-endian).

usage: hdf4.py FOLDER         needs pyhdf and numpy
"""

import ctypes
import sys
from pathlib import Path

import numpy as np
import pyhdf
from pyhdf.HDF import HC, HDF
from pyhdf.SD import SD, SDC
from pyhdf.V import V  # noqa: F401  (vgstart needs it)

GRID = "MODIS_Grid_16DAY_250m_500m_VI"
ROWS, COLS = 60, 50
PIXEL, WEST, NORTH = 231.656358263958, -6671703.118, -1111950.520
NAME = "250m 16 days "
# Name, type, fill value, and how the numbers are stored.
LAYERS = [
    (NAME + "NDVI", SDC.INT16, -3000, "deflate"),
    (NAME + "composite day of the year", SDC.INT16, -1, "plain"),
    (NAME + "pixel reliability", SDC.INT8, -1, "deflate"),
    (NAME + "red reflectance", SDC.INT16, -1000, "chunks"),
    (NAME + "NIR reflectance", SDC.INT16, -1000, "packed chunks"),
    (NAME + "blue reflectance", SDC.INT16, -1000, "runs"),
]


class Chunks(ctypes.Structure):
    """HDF_CHUNK_DEF: lengths of a chunk, coder, model, what the coder is told."""

    _fields_ = [("lengths", ctypes.c_int32 * 32), ("coder", ctypes.c_int32), ("model", ctypes.c_int32), ("told", ctypes.c_int32 * 32)]


def in_chunks(layer, is_packed):
    """SDsetchunk, which pyhdf does not offer."""
    library = ctypes.CDLL(str(next(Path(pyhdf.__path__[0]).parent.glob("pyhdf.libs/libmfhdf*"))))
    library.SDsetchunk.argtypes = [ctypes.c_int32, Chunks, ctypes.c_int32]
    how = Chunks(coder=SDC.COMP_DEFLATE)
    how.lengths[:2], how.told[0] = (25, 20), 6
    assert library.SDsetchunk(layer._id, how, 3 if is_packed else 1) == 0


def of_grid(number, name, shape, pixel, fields):
    """What HDF-EOS says of a grid; its reader goes by the tabs, too."""
    fields = "".join(
        f'\t\t\tOBJECT=DataField_{i}\n\t\t\t\tDataFieldName="{field}"\n\t\t\t\tDataType={kind}\n'
        f'\t\t\t\tDimList=("YDim","XDim")\n\t\t\tEND_OBJECT=DataField_{i}\n'
        for i, (field, kind) in enumerate(fields, 1)
    )
    return (
        f'\tGROUP=GRID_{number}\n\t\tGridName="{name}"\n\t\tXDim={shape[1]}\n\t\tYDim={shape[0]}\n'
        f"\t\tUpperLeftPointMtrs=({WEST:.6f},{NORTH:.6f})\n"
        f"\t\tLowerRightMtrs=({WEST + shape[1] * pixel:.6f},{NORTH - shape[0] * pixel:.6f})\n\t\tProjection=GCTP_SNSOID\n"
        "\t\tProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)\n\t\tSphereCode=-1\n\t\tGridOrigin=HDFE_GD_UL\n"
        f"\t\tGROUP=Dimension\n\t\tEND_GROUP=Dimension\n\t\tGROUP=DataField\n{fields}\t\tEND_GROUP=DataField\n"
        f"\t\tGROUP=MergedFields\n\t\tEND_GROUP=MergedFields\n\tEND_GROUP=GRID_{number}\n"
    )


def structure(*grids):
    return (
        f"GROUP=SwathStructure\nEND_GROUP=SwathStructure\nGROUP=GridStructure\n{''.join(grids)}END_GROUP=GridStructure\n"
        "GROUP=PointStructure\nEND_GROUP=PointStructure\nEND\n"
    )


def values(name, rng, first):
    if "NDVI" in name:
        made = rng.integers(-2000, 9990, (ROWS, COLS))
        made[0, 0] = -3000
        return made
    if "reflectance" in name:
        # With runs of equal bytes.
        return rng.integers(0, 5, (ROWS, COLS)).cumsum(axis=1) // 50 * 50
    if "day of the year" in name:
        return rng.integers(first, first + 16, (ROWS, COLS))
    made = rng.integers(0, 4, (ROWS, COLS))
    made[0, :5] = (-1, 0, 1, 2, 3)
    return made


def granule(path, seed, first, external=None):
    rng = np.random.default_rng(seed)
    file, refs = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC), []
    for i, (name, kind, fill, how) in enumerate(LAYERS):
        layer = file.create(name, kind, (ROWS, COLS))
        layer.dim(0).setname(f"YDim:{GRID}")
        layer.dim(1).setname(f"XDim:{GRID}")
        layer.attr("_FillValue").set(kind, fill)
        if kind == SDC.INT16 and "day" not in name.removeprefix(NAME):
            layer.attr("scale_factor").set(SDC.FLOAT64, 10000.0)
            layer.attr("add_offset").set(SDC.FLOAT64, 0.0)
        if external and i == 0:
            layer.setexternalfile(str(external), 0)
        elif how == "deflate":
            layer.setcompress(SDC.COMP_DEFLATE, 6)
        elif how == "runs":
            layer.setcompress(SDC.COMP_RLE, 0)
        elif "chunks" in how:
            in_chunks(layer, how.startswith("packed"))
        held = values(name, rng, first)
        held.astype(">i2").tofile(f"{path}.{i}.i2")
        layer[:] = held.astype("int8" if kind == SDC.INT8 else "int16")
        refs.append(layer.ref())
        layer.endaccess()
    fields = [(name, "DFNT_INT8" if kind == SDC.INT8 else "DFNT_INT16") for name, kind, *_ in LAYERS]
    text = structure(of_grid(1, GRID, (ROWS, COLS), PIXEL, fields))
    file.attr("HDFEOSVersion").set(SDC.CHAR, "HDFEOS_V2.19")
    file.attr("StructMetadata.0").set(SDC.CHAR, text + "\0" * (32000 - len(text)))
    file.end()
    whole = HDF(str(path), HC.WRITE)
    groups = whole.vgstart()
    grid, data = groups.create(GRID), groups.create("Data Fields")
    grid._class, data._class = "GRID", "GRID Vgroup"
    for ref in refs:
        data.add(HC.DFTAG_NDG, ref)
    grid.insert(data)
    data.detach()
    grid.detach()
    groups.end()
    whole.close()


def twins(path):
    """Two grids with a field of one name, as several products have; what is said of them is cut into two attributes."""
    file, grids = SD(str(path), SDC.WRITE | SDC.CREATE | SDC.TRUNC), []
    for number, (name, shape, pixel) in enumerate((("fine", (8, 6), PIXEL), ("coarse", (4, 3), 2 * PIXEL)), 1):
        layer = file.create("state", SDC.INT16, shape)
        layer.dim(0).setname(f"YDim:{name}")
        layer.dim(1).setname(f"XDim:{name}")
        layer[:] = np.full(shape, number, "int16")
        layer.endaccess()
        grids.append(of_grid(number, name, shape, pixel, [("state", "DFNT_INT16")]))
    text = structure(*grids)
    file.attr("StructMetadata.0").set(SDC.CHAR, text[:500])
    file.attr("StructMetadata.1").set(SDC.CHAR, text[500:])
    file.end()


folder = Path(sys.argv[1])
twins(folder / "twins.hdf")
for number, first in enumerate((97, 113)):
    granule(folder / f"MOD13Q1.A2023{first:03}.h11v09.061.2023131045600.hdf", number, first)
(folder / "leading").mkdir()
granule(folder / "leading" / "MOD13Q1.A2023113.h11v09.061.2023131045600.hdf", 5, 113, folder / "elsewhere.bin")
