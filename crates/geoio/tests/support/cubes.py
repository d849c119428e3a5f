"""Writes cubes as the xarray world does, and what xarray reads of each: cubes.py FOLDER

Beside `a.nc` stand `a.nc.expected` (float32, little-endian, (time, y, x), north-up) and, once, `dates.csv`, `stack.tif`.
Names that begin with `bad` are hostile; they have no expected numbers."""

import shutil
import sys
import zlib
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
import zarr

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
TIMES, ROWS, COLS = 9, 37, 53
random = np.random.default_rng(7)
dates = np.array(["2019-01-05", "2019-01-21", "2019-02-06", "2019-03-26", "2019-05-13", "2019-08-01", "2019-11-05", "2020-01-08", "2020-02-29"])
days = dates.astype("datetime64[ns]")
stored = random.integers(1000, 9000, (TIMES, ROWS, COLS)).astype("int16")
stored[random.random(stored.shape) < 0.2] = -9999
values = np.where(stored == -9999, np.nan, stored * 0.0001)
x, y = 500005.0 + 10 * np.arange(COLS), 299995.0 - 10 * np.arange(ROWS)


def dataset(data=values, name="ndvi", time=days):
    made = xr.DataArray(data, dims=("time", "y", "x"), coords={"time": time, "y": y, "x": x}, name=name)
    made.attrs["long_name"] = "vegetation"
    return made.to_dataset().rio.write_crs("EPSG:32618").rio.write_transform()


def expected(path, name="ndvi", **options):
    with xr.open_dataset(path, decode_coords="all", **options) as found:
        array = found[name]
        order = [d for d in ("time", *(d for d in array.dims if d in ("y", "lat")), *(d for d in array.dims if d in ("x", "lon"))) if d in array.dims]
        array = array.transpose(*order)
        for axis, ascending in ((order[-2], False), (order[-1], True)):
            if axis in array.coords:
                array = array.sortby(axis, ascending=ascending)
        Path(f"{path}.expected").write_bytes(array.values.astype("<f4").tobytes())


packed = {"dtype": "int16", "scale_factor": 0.0001, "_FillValue": -9999}
ds = dataset()


def nc(name, data, encoding, engine="netcdf4", **options):
    path = folder / name
    data.to_netcdf(path, engine=engine, encoding={"ndvi": encoding}, **options)
    expected(path, engine=engine)


nc("packed.nc", ds, packed)
nc("chunked.nc", ds, {**packed, "zlib": True, "shuffle": True, "fletcher32": True, "chunksizes": (4, 16, 16)})
nc("single.nc", ds, {**packed, "zlib": True, "chunksizes": (1, ROWS, COLS)})
nc("float.nc", ds, {"dtype": "float32", "_FillValue": -9.0})
nc("double.nc", ds, {"zlib": True})
# The wheel of netCDF4 writes ZSTD and may not find its own plugin to read it.
ds.to_netcdf(folder / "zstd.nc", encoding={"ndvi": {**packed, "compression": "zstd"}})
(folder / "zstd.nc.expected").write_bytes(values.astype("<f4").tobytes())
nc("growing.nc", ds, {**packed, "zlib": True}, unlimited_dims=["time"])
nc("h5netcdf.nc", ds, {**packed, "compression": "gzip", "chunksizes": (3, 20, 20)}, engine="h5netcdf", unlimited_dims=["time"])
nc("lzf.nc", ds, {**packed, "compression": "lzf", "chunksizes": (3, 20, 20)}, engine="h5netcdf")
nc("classic.nc", ds, packed, engine="scipy", format="NETCDF3_64BIT")
nc("classic_growing.nc", ds, packed, format="NETCDF3_CLASSIC", unlimited_dims=["time"])
nc("turned.nc", ds.transpose("y", "x", "time"), {**packed, "zlib": True, "chunksizes": (10, 10, TIMES)})
nc("turned_classic.nc", ds.transpose("y", "x", "time"), packed, engine="scipy")
nc("south_up.nc", dataset().drop_vars("spatial_ref").sortby("y").rio.write_crs("EPSG:32618"), packed)
nc("west_last.nc", dataset().drop_vars("spatial_ref").sortby("x", ascending=False).rio.write_crs("EPSG:32618"), {**packed, "zlib": True})
geographic = dataset().drop_vars("spatial_ref").rename(y="lat", x="lon").assign_coords(lat=4.0 - 0.01 * np.arange(ROWS), lon=-74.0 + 0.01 * np.arange(COLS))
geographic["lat"].attrs.update(units="degrees_north", standard_name="latitude")
geographic["lon"].attrs.update(units="degrees_east", standard_name="longitude")
nc("geographic.nc", geographic, packed)
hours = dataset(time=days + np.timedelta64(10 * 3600 + 90, "s"))
hours.to_netcdf(folder / "hours.nc", encoding={"ndvi": packed, "time": {"units": "hours since 2000-01-01 06:00:00", "dtype": "float64"}})
expected(folder / "hours.nc")
many = dataset()
for i in range(12):
    many[f"other{i}"] = many["ndvi"].isel(time=0) * i
    many["ndvi"].attrs[f"note_{i}"] = "x" * (10 + 700 * i)
nc("many.nc", many, packed)
images = xr.Dataset({"red": ds["ndvi"].isel(time=0, drop=True), "nir": ds["ndvi"].isel(time=1, drop=True)}).rio.write_crs("EPSG:32618")
images.to_netcdf(folder / "images.nc", encoding={"red": packed, "nir": packed})

with netCDF4.Dataset(folder / "cdf5.nc", "w", format="NETCDF3_64BIT_DATA") as out:
    for name, length in (("time", None), ("y", ROWS), ("x", COLS)):
        out.createDimension(name, length)
    for name, kind, numbers, told in (
        ("time", "i8", days.astype("datetime64[D]").astype("int64"), {"units": "days since 1970-01-01"}),
        ("y", "f8", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
        ("x", "f8", x, {"standard_name": "projection_x_coordinate", "units": "m"}),
    ):
        out.createVariable(name, kind, (name,))[:] = numbers
        out[name].setncatts(told)
    crs = out.createVariable("crs", "i4", ())
    crs.crs_wkt = ds.rio.crs.to_wkt()
    ndvi = out.createVariable("ndvi", "u2", ("time", "y", "x"), fill_value=65535)
    ndvi.grid_mapping, ndvi.scale_factor = "crs", 0.0001
    ndvi[:] = np.ma.masked_invalid(values)
expected(folder / "cdf5.nc")

# Bytes that are meant unsigned, and a range of valid numbers, which xarray does not apply.
small = np.where(stored == -9999, 255, stored // 40).astype("uint8")
with netCDF4.Dataset(folder / "unsigned.nc", "w", format="NETCDF3_CLASSIC") as out:
    for name, length in (("time", TIMES), ("y", ROWS), ("x", COLS)):
        out.createDimension(name, length)
    out.createVariable("time", "i4", ("time",))[:] = days.astype("datetime64[D]").astype("int32")
    out["time"].units = "days since 1970-01-01"
    out.createVariable("y", "f8", ("y",))[:] = y
    out.createVariable("x", "f8", ("x",))[:] = x
    out.createVariable("crs", "i4", ()).crs_wkt = ds.rio.crs.to_wkt()
    ndvi = out.createVariable("ndvi", "i1", ("time", "y", "x"), fill_value=-1)
    ndvi.set_auto_maskandscale(False)
    ndvi.setncatts({"_Unsigned": "true", "scale_factor": 0.004, "grid_mapping": "crs"})
    ndvi[:] = small.view("int8")
expected(folder / "unsigned.nc")
nc("ranged.nc", dataset(), packed)
with netCDF4.Dataset(folder / "ranged.nc", "a") as out:
    out["ndvi"].valid_range = np.array([2000, 8000], "int16")
ranged = np.where((stored < 2000) | (stored > 8000), np.nan, stored * 0.0001)
(folder / "ranged.nc.expected").write_bytes(ranged.astype("<f4").tobytes())

with netCDF4.Dataset(folder / "groups.nc", "w") as out:
    for name, numbers in (("time", days.astype("datetime64[D]").astype("int64")), ("y", y), ("x", x)):
        out.createDimension(name, len(numbers))
        out.createVariable(name, numbers.dtype, (name,))[:] = numbers
    out["time"].units = "days since 1970-01-01"
    out.createVariable("crs", "i4", ()).crs_wkt = ds.rio.crs.to_wkt()
    for group in ("a", "b"):
        ndvi = out.createGroup(group).createVariable("ndvi", "i2", ("time", "y", "x"), fill_value=-9999, zlib=True)
        ndvi.grid_mapping, ndvi.scale_factor = "crs", 0.0001
        ndvi[:] = np.ma.masked_invalid(values if group == "b" else values / 2)
(folder / "groups.nc.expected").write_bytes(values.astype("<f4").tobytes())


def h5(name, libver="earliest", data=stored, **options):
    with h5py.File(folder / name, "w", libver=libver) as out:
        for axis, numbers in (("time", days.astype("datetime64[D]").astype("int64")), ("y", y), ("x", x)):
            out.create_dataset(axis, data=numbers).make_scale(axis)
        out["time"].attrs["units"] = "days since 1970-01-01"
        out.create_dataset("crs", data=0).attrs["crs_wkt"] = ds.rio.crs.to_wkt()
        ndvi = out.create_dataset("ndvi", data=data, **options) if data is not None else out.create_dataset("ndvi", **options)
        ndvi.attrs.update({"scale_factor": 0.0001, "_FillValue": np.int16(-9999), "grid_mapping": "crs"})
        for place, axis in enumerate(("time", "y", "x")):
            ndvi.dims[place].attach_scale(out[axis])
    if not name.startswith("bad"):
        (folder / f"{name}.expected").write_bytes(values.astype("<f4").tobytes())


for libver in ("earliest", "latest"):
    for kind, options in {
        "plain": {},
        "one": {"chunks": (TIMES, ROWS, COLS), "compression": "gzip"},
        "fixed": {"chunks": (2, 10, 10), "compression": "gzip", "shuffle": True},
        "bare": {"chunks": (2, 10, 10)},
        "pages": {"chunks": (1, 4, 4), "compression": "gzip"},
        "growing": {"chunks": (1, 4, 4), "compression": "gzip", "maxshape": (None, ROWS, COLS)},
        "growing_x": {"chunks": (2, 5, 1), "maxshape": (TIMES, ROWS, None)},
        "growing_both": {"chunks": (1, 4, 4), "maxshape": (None, None, COLS), "fletcher32": True},
    }.items():
        h5(f"{kind}_{libver}.h5", libver, **options)
early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
h5("row_latest.h5", "latest", chunks=(2, 10, 10), dcpl=early)
h5("big.h5", data=stored.astype(">i2"), chunks=(2, 10, 10))

# Never written: the fill value is the missing one, then it is not.
h5("bad_unwritten.h5", data=None, shape=stored.shape, dtype="int16", chunks=(2, 10, 10))
h5("unwritten.h5", data=None, shape=stored.shape, dtype="int16", chunks=(2, 10, 10), fillvalue=-9999)
(folder / "unwritten.h5.expected").write_bytes(np.full(stored.shape, np.nan, "<f4").tobytes())
h5("bad_nbit.h5", chunks=(2, 10, 10), scaleoffset=0)
(folder / "secret.bin").write_bytes(stored.tobytes())
h5("bad_external.h5", data=None, shape=stored.shape, dtype="int16", external=[(str(folder / "secret.bin"), 0, stored.nbytes)])
h5("bad_passwd.h5", data=None, shape=stored.shape, dtype="int16", external=[("/etc/passwd", 0, stored.nbytes)])
h5("bad_bomb.h5", data=None, shape=stored.shape, dtype="int16", chunks=(2, 10, 10), compression="gzip")
with h5py.File(folder / "bad_bomb.h5", "a") as out:
    # A chunk of 400 bytes that unpacks to a hundred megabytes.
    out["ndvi"].id.write_direct_chunk((0, 0, 0), zlib.compress(bytes(100_000_000), 9))
h5("bad_claim.h5", data=None, shape=(TIMES, 4_000_000, 4_000_000), dtype="int16", chunks=(1, 1000, 1000), compression="gzip", fillvalue=-9999)
layout = h5py.VirtualLayout(shape=stored.shape, dtype="int16")
layout[:] = h5py.VirtualSource(str(folder / "plain_earliest.h5"), "ndvi", shape=stored.shape)
shutil.copy(folder / "plain_earliest.h5", folder / "bad_virtual.h5")
with h5py.File(folder / "bad_virtual.h5", "a") as out:
    del out["ndvi"]
    out.create_virtual_dataset("ndvi", layout)
    for place, axis in enumerate(("time", "y", "x")):
        out["ndvi"].dims[place].attach_scale(out[axis])
shutil.copy(folder / "plain_earliest.h5", folder / "bad_link.h5")
with h5py.File(folder / "bad_link.h5", "a") as out:
    del out["ndvi"]
    out["ndvi"] = h5py.ExternalLink(str(folder / "plain_earliest.h5"), "/ndvi")


def store(name, data, encoding, **options):
    path = folder / name
    data.to_zarr(path, encoding={"ndvi": encoding}, consolidated=False, **options)
    expected(path, engine="zarr", consolidated=False)


from numcodecs import LZ4, Blosc, Shuffle, Zlib  # noqa: E402
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec  # noqa: E402,F401

chunks = {"chunks": (4, 16, 16)}
store("two.zarr", ds, {**packed, **chunks}, zarr_format=2)
store("two_plain.zarr", ds, {**packed, **chunks, "compressors": None}, zarr_format=2)
for kind in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
    for shuffle in (0, 1, 2):
        store(f"two_{kind}_{shuffle}.zarr", ds, {"dtype": "float32", "_FillValue": -9.0, **chunks, "compressors": Blosc(kind, 5, shuffle)}, zarr_format=2)
store("two_zlib.zarr", ds, {**packed, **chunks, "compressors": Zlib(5), "filters": [Shuffle(2)]}, zarr_format=2)
store("two_lz4.zarr", ds, {**packed, **chunks, "compressors": LZ4()}, zarr_format=2)
store("three.zarr", ds, {**packed, **chunks}, zarr_format=3)
store("three_double.zarr", ds, {**chunks}, zarr_format=3)
store("three_blosc.zarr", ds, {**packed, **chunks, "compressors": [BloscCodec(cname="lz4", shuffle="bitshuffle", typesize=2)]}, zarr_format=3)
store("three_gzip.zarr", ds, {**packed, **chunks, "compressors": [GzipCodec(), Crc32cCodec()]}, zarr_format=3)
store("three_plain.zarr", ds, {**packed, **chunks, "compressors": None}, zarr_format=3)
store("three_turned.zarr", ds, {**packed, **chunks, "filters": [TransposeCodec(order=(2, 0, 1))]}, zarr_format=3)
store("three_shards.zarr", ds, {**packed, "chunks": (2, 8, 8), "shards": (4, 16, 16)}, zarr_format=3)


def raw(name, zarr_format, data=stored, **options):
    """As zarr alone writes it: moments of numpy's own, no convention but the names of dimensions."""
    root = zarr.open_group(folder / name, mode="w", zarr_format=zarr_format)
    def put(key, data, dims, told=None, **options):
        if zarr_format == 3:
            array = root.create_array(key, data=data, dimension_names=dims, **options)
        else:
            array = root.create_array(key, data=data, **options)
            array.attrs["_ARRAY_DIMENSIONS"] = list(dims)
        array.attrs.update(told or {})
    put("time", days, ("time",))
    put("y", y, ("y",))
    put("x", x, ("x",))
    put("crs", np.array(0), (), {"crs_wkt": ds.rio.crs.to_wkt()})
    put("ndvi", data, ("time", "y", "x"), {"scale_factor": 0.0001, "grid_mapping": "crs", "_FillValue": -9999}, **options)
    if not name.startswith("bad"):
        (folder / f"{name}.expected").write_bytes(values.astype("<f4").tobytes())


raw("raw_two.zarr", 2, chunks=(4, 16, 16), order="F", fill_value=-9999, chunk_key_encoding={"name": "v2", "separator": "/"})
raw("raw_three.zarr", 3, chunks=(4, 16, 16), fill_value=-9999, serializer=zarr.codecs.BytesCodec(endian="big"))
# Its outer chunks were left out, for they hold the missing value only.
gaps = dataset(np.where(np.arange(TIMES)[:, None, None] < 4, np.nan, values))
store("gaps.zarr", gaps, {"dtype": "float32", "chunks": (4, 16, 16), "_FillValue": np.float32("nan")}, zarr_format=2)
# And here for they hold zeros only, which are values.
raw("bad_zeros.zarr", 3, data=np.where(np.arange(TIMES)[:, None, None] < 4, 0, stored).astype("int16"), chunks=(4, 16, 16), fill_value=0)

(folder / "dates.csv").write_text("date\n" + "\n".join(dates) + "\n")
with rasterio.open(
    folder / "stack.tif", "w", driver="GTiff", width=COLS, height=ROWS, count=TIMES, dtype="int16", nodata=-9999, crs="EPSG:32618",
    transform=rasterio.transform.from_origin(500000, 300000, 10, 10),
) as out:
    out.write(stored)
    out.scales = [0.0001] * TIMES
