use super::algebra::{axes, coordinates, dot, minus};

/// Pixels that are worked on at a time, so that each step is a few vector operations.
const LANES: usize = 8;

/// A number for each of some pixels.
type Lanes = [f64; LANES];

/// The mixtures of spectra, in coordinates of the plane that they span.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Simplex {
    /// Spectra, a row each.
    spectra: Vec<Vec<f64>>,
    /// Orthonormal axes of their plane, one less than spectra; the first spectrum is the origin.
    axes: Vec<Vec<f64>>,
    faces: Faces,
}

/// The faces of a simplex by its number of corners, so that loops have a length that the compiler knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Faces {
    Two(FacesOf<2>),
    Three(FacesOf<3>),
    Four(FacesOf<4>),
    Five(FacesOf<5>),
    Six(FacesOf<6>),
    Seven(FacesOf<7>),
    Eight(FacesOf<8>),
}

/// Every face of a simplex of N corners.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FacesOf<const N: usize> {
    /// Coordinates of the corners along the N - 1 axes; the last is not used.
    corners: [[f64; N]; N],
    faces: Vec<Face<N>>,
}

/// A face: some corners, and how far along each the nearest point of its plane lies.
#[derive(Debug, Clone, PartialEq)]
struct Face<const N: usize> {
    /// Places of its corners.
    corners: Vec<usize>,
    /// Of each of its corners: factors of the N - 1 coordinates of a point, then a summand.
    shares: Vec<[f64; N]>,
}

impl Simplex {
    /// The simplex of spectra, 2 to 8 of them; the place of the first that is a mixture of those before it but for `nothing`.
    pub(super) fn new(spectra: &[&[f64]], nothing: f64) -> Result<Self, usize> {
        let edges: Vec<Vec<f64>> = spectra[1..].iter().map(|spectrum| minus(spectrum, spectra[0])).collect();
        let axes = axes(&edges, nothing).map_err(|edge| edge + 1)?;
        let place = |spectrum: &&[f64]| {
            let from_origin = minus(spectrum, spectra[0]);
            axes.iter().map(|axis| dot(&from_origin, axis)).collect::<Vec<f64>>()
        };
        let corners: Vec<Vec<f64>> = spectra.iter().map(place).collect();
        let faces = match spectra.len() {
            2 => Faces::Two(FacesOf::new(&corners)),
            3 => Faces::Three(FacesOf::new(&corners)),
            4 => Faces::Four(FacesOf::new(&corners)),
            5 => Faces::Five(FacesOf::new(&corners)),
            6 => Faces::Six(FacesOf::new(&corners)),
            7 => Faces::Seven(FacesOf::new(&corners)),
            _ => Faces::Eight(FacesOf::new(&corners)),
        };
        Ok(Self { spectra: spectra.iter().map(|spectrum| spectrum.to_vec()).collect(), axes, faces })
    }

    pub(super) fn faces(&self) -> &Faces {
        &self.faces
    }
}

impl<const N: usize> FacesOf<N> {
    fn new(corners: &[Vec<f64>]) -> Self {
        let mut padded = [[0.0; N]; N];
        for (to, from) in padded.iter_mut().zip(corners) {
            to[..N - 1].copy_from_slice(from);
        }
        let members = |set: usize| (0..N).filter(move |corner| set >> corner & 1 == 1).collect::<Vec<_>>();
        Self { corners: padded, faces: (1..1 << N).map(|set| Face::new(corners, members(set))).collect() }
    }

    /// Fractions of pixels and what they leave unexplained, see [`super::Unmixing::unmix`].
    #[inline(always)]
    pub(super) fn solve(&self, simplex: &Simplex, bands: &[&[f64]], outputs: &mut [&mut [f64]]) {
        let pixels = outputs[0].len();
        for start in (0..pixels).step_by(LANES) {
            let lanes = LANES.min(pixels - start);
            let load = |band: usize| {
                let mut values = [f64::NAN; LANES];
                values[..lanes].copy_from_slice(&bands[band][start..start + lanes]);
                values
            };
            let mut point = [[0.0; LANES]; N];
            for band in 0..bands.len() {
                let (values, origin) = (load(band), simplex.spectra[0][band]);
                for (along, axis) in point.iter_mut().zip(&simplex.axes) {
                    along.iter_mut().zip(&values).for_each(|(along, value)| *along += (value - origin) * axis[band]);
                }
            }
            let shares = self.nearest(&point);
            let mut squares = [0.0; LANES];
            for band in 0..bands.len() {
                let mut left = load(band);
                for (share, spectrum) in shares.iter().zip(&simplex.spectra) {
                    left.iter_mut().zip(share).for_each(|(left, share)| *left -= share * spectrum[band]);
                }
                squares.iter_mut().zip(&left).for_each(|(sum, left)| *sum += left * left);
            }
            let residual = squares.map(|sum| (sum / bands.len() as f64).sqrt());
            for (output, values) in outputs.iter_mut().zip(shares.iter().chain([&residual])) {
                output[start..start + lanes].copy_from_slice(&values[..lanes]);
            }
        }
    }

    /// Shares of the corners of the points of the simplex that are nearest to points.
    #[inline(always)]
    fn nearest(&self, point: &[Lanes; N]) -> [Lanes; N] {
        let mut least = [f64::INFINITY; LANES];
        let mut nearest = [[f64::NAN; LANES]; N];
        for face in &self.faces {
            let mut shares = [[0.0; LANES]; N];
            let mut away = *point;
            let mut within = [true; LANES];
            for (corner, factors) in face.corners.iter().zip(&face.shares) {
                let mut share = [factors[N - 1]; LANES];
                for (along, factor) in point.iter().zip(&factors[..N - 1]) {
                    share.iter_mut().zip(along).for_each(|(share, along)| *share += along * factor);
                }
                within.iter_mut().zip(&share).for_each(|(within, share)| *within &= *share >= 0.0);
                for (away, along) in away.iter_mut().zip(&self.corners[*corner][..N - 1]) {
                    away.iter_mut().zip(&share).for_each(|(away, share)| *away -= share * along);
                }
                shares[*corner] = share;
            }
            let mut distance = [0.0; LANES];
            for away in &away[..N - 1] {
                distance.iter_mut().zip(away).for_each(|(sum, away)| *sum += away * away);
            }
            let mut better = [false; LANES];
            for lane in 0..LANES {
                better[lane] = within[lane] && distance[lane] < least[lane];
                least[lane] = if better[lane] { distance[lane] } else { least[lane] };
            }
            for (best, share) in nearest.iter_mut().zip(&shares) {
                for lane in 0..LANES {
                    best[lane] = if better[lane] { share[lane] } else { best[lane] };
                }
            }
        }
        nearest
    }
}

impl<const N: usize> Face<N> {
    /// The face of some corners of a simplex.
    fn new(all: &[Vec<f64>], corners: Vec<usize>) -> Self {
        let origin = &all[corners[0]];
        let edges: Vec<Vec<f64>> = corners[1..].iter().map(|corner| minus(&all[*corner], origin)).collect();
        let along = if edges.is_empty() { Vec::new() } else { coordinates(&edges) };
        let mut shares = vec![[0.0; N]; corners.len()];
        shares[0][N - 1] = 1.0;
        for (place, factors) in along.iter().enumerate() {
            let row = &mut shares[place + 1];
            row[..N - 1].copy_from_slice(factors);
            row[N - 1] = -dot(factors, origin);
            let row = *row;
            shares[0].iter_mut().zip(row).for_each(|(first, other)| *first -= other);
        }
        Self { corners, shares }
    }
}
