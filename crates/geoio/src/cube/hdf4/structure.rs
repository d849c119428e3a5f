//! Where the grids of HDF-EOS lie, by the text that its library leaves in a file (`StructMetadata`, in ODL).

use std::collections::HashMap;

use super::super::bytes::Reading;

/// A grid of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EosGrid {
    pub(super) name: String,
    /// Its reference system, as PROJ takes it.
    pub(super) system: String,
    /// GDAL's six coefficients.
    pub(super) transform: String,
}

/// The grids of which a text tells.
pub(super) fn grids(text: &str) -> Reading<Vec<EosGrid>> {
    let mut grids = Vec::new();
    let mut lines = text.lines().map(str::trim).skip_while(|line| *line != "GROUP=GridStructure").skip(1);
    while let Some(line) = lines.next() {
        let Some(group) = line.strip_prefix("GROUP=GRID_") else {
            if line == "END_GROUP=GridStructure" {
                break;
            }
            continue;
        };
        let end = format!("END_GROUP=GRID_{group}");
        let mut told = HashMap::new();
        for (key, value) in lines.by_ref().take_while(|line| *line != end).filter_map(|line| line.split_once('=')) {
            told.entry(key).or_insert(value);
        }
        grids.push(grid(&told)?);
    }
    Ok(grids)
}

fn grid(told: &HashMap<&str, &str>) -> Reading<EosGrid> {
    let get = |key: &str| told.get(key).copied().ok_or_else(|| format!("its StructMetadata tells no {key} of a grid"));
    let name = get("GridName")?.trim_matches('"').to_owned();
    let wrong = |key: &str, value: &str| format!("its grid {name} has the {key} {value}, which is not read");
    let numbers = |key: &str| -> Reading<Vec<f64>> {
        let value = get(key)?;
        let inner = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
        let all = inner.split(',').map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()));
        all.collect::<Option<_>>().ok_or_else(|| wrong(key, value))
    };
    let projection = get("Projection")?;
    let parameters = numbers("ProjParams")?;
    let (radius, others) = parameters.split_first().ok_or_else(|| wrong("ProjParams", "()"))?;
    // Of the sinusoidal: the sphere, the middle meridian, false easting and northing. All but the first are 0 in MODIS.
    if projection != "GCTP_SNSOID" || *radius <= 0.0 || others.iter().any(|parameter| *parameter != 0.0) {
        let told = format!("{projection} {}", get("ProjParams")?);
        return Err(format!("{} (GCTP_SNSOID on a sphere is); export its layers to GeoTIFF", wrong("projection", &told)));
    }
    for (key, usual) in [("GridOrigin", "HDFE_GD_UL"), ("PixelRegistration", "HDFE_CENTER")] {
        if let Some(value) = told.get(key).filter(|value| **value != usual) {
            return Err(wrong(key, value));
        }
    }
    let (upper, lower) = (numbers("UpperLeftPointMtrs")?, numbers("LowerRightMtrs")?);
    let (cols, rows) = (numbers("XDim")?, numbers("YDim")?);
    let (&[west, north], &[east, south], &[cols], &[rows]) = (&upper[..], &lower[..], &cols[..], &rows[..]) else {
        return Err(format!("its grid {name} does not tell its corners and lengths"));
    };
    if !(cols >= 1.0 && rows >= 1.0 && east > west && north > south) {
        return Err(format!("its grid {name} runs from {west}, {north} to {east}, {south} in {cols} by {rows} pixels"));
    }
    let (step_x, step_y) = ((east - west) / cols, (south - north) / rows);
    Ok(EosGrid {
        name,
        system: format!("+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R={radius} +units=m +no_defs"),
        transform: format!("{west} {step_x} 0 {north} 0 {step_y}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: &str = "GROUP=SwathStructure\nEND_GROUP=SwathStructure\nGROUP=GridStructure\n\tGROUP=GRID_1\n\t\tGridName=\"A\"\n\
        \t\tXDim=4800\n\t\tYDim=4800\n\t\tUpperLeftPointMtrs=(-6671703.118000,0.000000)\n\
        \t\tLowerRightMtrs=(-5559752.598333,-1111950.519667)\n\t\tProjection=GCTP_SNSOID\n\
        \t\tProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)\n\t\tSphereCode=-1\n\t\tGridOrigin=HDFE_GD_UL\n\
        \t\tGROUP=DataField\n\t\t\tOBJECT=DataField_1\n\t\t\t\tDataFieldName=\"x\"\n\t\t\tEND_OBJECT=DataField_1\n\
        \t\tEND_GROUP=DataField\n\tEND_GROUP=GRID_1\nEND_GROUP=GridStructure\nEND\n";

    #[test]
    fn a_tile_of_modis_lies_on_its_sphere_in_pixels_of_231_m() {
        let grids = grids(TILE).expect("grids");
        let [grid] = grids.as_slice() else { panic!("{grids:?}") };
        assert_eq!((grid.name.as_str(), grid.system.contains("+R=6371007.181 ")), ("A", true));
        let numbers: Vec<f64> = grid.transform.split(' ').map(|number| number.parse().expect("a number")).collect();
        for (found, wanted) in numbers.iter().zip([-6_671_703.118, 231.656_358, 0.0, 0.0, 0.0, -231.656_358]) {
            assert!((found - wanted).abs() < 1e-6, "{numbers:?}");
        }
    }

    #[test]
    fn what_is_not_known_of_a_grid_is_refused() {
        for (from, to, said) in [
            ("GCTP_SNSOID", "GCTP_GEO", "GCTP_GEO"),
            ("(6371007.181000,0,0,0,0", "(6371007.181000,0,0,0,60000000", "60000000"),
            ("(6371007.181000", "(0", "projection"),
            ("HDFE_GD_UL", "HDFE_GD_LR", "HDFE_GD_LR"),
            ("XDim=4800", "XDim=-4800", "-4800"),
            ("XDim=4800", "XDim=NaN", "NaN"),
            ("-5559752.598333", "-9559752.598333", "-9559752"),
            ("\t\tYDim=4800\n", "", "YDim"),
        ] {
            let told = grids(&TILE.replace(from, to)).expect_err("refused");
            assert!(told.contains(said), "{from}: {told}");
        }
        assert_eq!(grids("END\n"), Ok(Vec::new()));
    }
}
