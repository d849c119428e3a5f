use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use geoio::{Eligibility, RasterFile};
use pipeline::map_in_order;
use raster::{RasterSource as _, Role, Window};

use crate::args::Common;
use crate::fault::Fault;
use crate::run::Inputs;
use crate::stop;

/// Rows that are unpacked at once: those of the usual blocks.
const ROWS: usize = 512;

/// A piece of a band of a file.
struct Piece {
    path: PathBuf,
    band: usize,
    window: Window,
}

/// Seconds to unpack what the job reads, and nothing else: each band of a scene that the index or the mask needs, and the raster
/// to look within, whole, each once, in rows of 512 at the file's own pixels, over the budget's threads.
///
/// A job on a part of its scenes unpacks less than that; one whose scenes are warped, or whose files are first checked from end to
/// end as `run` does, unpacks more.
pub(super) fn decode(inputs: &Inputs, common: &Common) -> Result<f64, Fault> {
    let pieces = pieces(inputs)?;
    let budget = common.budget();
    let began = Instant::now();
    map_in_order(
        &pieces,
        &budget,
        budget.jobs() + 1,
        || Ok::<_, Fault>(None),
        |open: &mut Option<RasterFile>, piece| {
            if open.as_ref().is_none_or(|file| file.path() != piece.path) {
                *open = Some(RasterFile::open(&piece.path)?);
            }
            let file = open.as_ref().expect("it was opened above");
            Ok(std::hint::black_box(file.read(piece.band, piece.window)?).len())
        },
        |_| stop::check(),
    )?;
    Ok(began.elapsed().as_secs_f64())
}

fn pieces(inputs: &Inputs) -> Result<Vec<Piece>, Fault> {
    let imagery = inputs.imagery.imagery();
    let mut bands: BTreeSet<(PathBuf, usize)> = BTreeSet::new();
    for (scene, look) in inputs.looks.iter().enumerate() {
        let roles: Vec<Role> = look.bands.iter().cloned().chain(look.mask.layers()).collect();
        for role in roles {
            let source = imagery.source(scene, &role)?;
            bands.insert((imagery.file(source.file).to_owned(), source.band));
        }
    }
    if let Some(Eligibility::Raster { path, band, .. }) = &inputs.within {
        bands.insert((path.clone(), *band));
    }
    let mut pieces = Vec::new();
    for (path, band) in bands {
        let file = RasterFile::open(&path)?;
        pieces.extend(file.grid().strips(ROWS).map(|window| Piece { path: path.clone(), band, window }));
    }
    debug_assert!(pieces.len() >= inputs.imagery.scenes().len(), "every scene has a band that is read");
    Ok(pieces)
}
