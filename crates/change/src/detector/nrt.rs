//! Monitoring image by image: a season-trend model of the history, and a process that each later residual moves.
//!
//! Five methods share it (EWMA, CUSUM, MOSUM, IQR and CCDC in its near-real-time form), with the parameters and the answers of the
//! Python package nrt 0.3.0 (European Commission, JRC; EUPL-1.2), held against it by its results only: written from the papers that
//! each file names and from what the package gives. Its ways are kept: the process of EWMA begins with predicted minus observed
//! residuals of the history and goes on with observed minus predicted ones, and so are the bounds of IQR; a season of a calendar
//! year ends on its last day; after a break nothing moves any more.

mod ccdc;
mod cusum;
mod ewma;
mod following;
mod history;
mod iqr;
mod kept;
mod mosum;
mod rule;

use pulp::NullaryFnOnce;
use raster::{Date, DateRange, Role};

use self::following::{CARRIED, Following, Look};
use self::history::{Fitting, History, Standing};
use super::MethodInfo;
use super::publication::Implementation;
use crate::season_trend::{Design, LANES, Terms, Tile, TimeAxis};
use crate::{ChangeError, Detector, Findings, Incremental, Model, NO_DAY, Resumable, SeriesBlock};

pub use ccdc::{Ccdc, CcdcParameters};
pub use cusum::{Cusum, CusumParameters, HistoryFit};
pub use ewma::{Ewma, EwmaParameters};
pub use iqr::{Iqr, IqrParameters};
pub use mosum::{Mosum, MosumParameters};
pub use rule::Rule;
use rule::{Begun, Carried, Effect, Process, Residuals, is_positive, refused};

/// The package whose answers the five methods give.
const REFERENCE: Implementation = Implementation {
    key: "nrt",
    name: "nrt",
    kind: "Python package, European Commission, Joint Research Centre",
    version: "0.3.0",
    licence: "EUPL-1.2",
    url: "https://github.com/ec-jrc/nrt",
};

pub(super) const METHODS: [MethodInfo; 5] = [ewma::METHOD, cusum::METHOD, mosum::METHOD, iqr::METHOD, ccdc::METHOD];

/// The detector of one of the methods.
#[derive(Debug, Clone)]
pub struct Nrt<R> {
    rule: R,
    monitoring: DateRange,
    roles: Vec<Role>,
    fitting: Fitting,
    critical: f64,
}

/// What is carried from image to image.
#[derive(Debug, Clone)]
pub struct NrtState<P> {
    /// Of each pixel that is watched: its process, and the last day that was quiet.
    watched: Vec<Option<(P, i32)>>,
    found: Findings,
}

impl<R: Rule> Nrt<R> {
    /// The detector of these roles; the first is watched. The history is all before the monitoring period.
    ///
    /// # Errors
    /// [`ChangeError::Parameter`] for a parameter out of range or another number of roles.
    pub fn new(rule: R, monitoring: DateRange, roles: Vec<Role>) -> Result<Self, ChangeError> {
        rule.check()?;
        let (order, _) = rule.model();
        let told = |parameter, got: usize, expected| ChangeError::Parameter {
            method: R::INFO.name.to_owned(),
            parameter,
            got: got.to_string(),
            expected,
        };
        if order > 5 {
            return Err(told("order", order, "a count from 0 to 5"));
        }
        if !rule.takes(roles.len()) {
            let expected = if rule.takes(3) { "what is watched, alone or with green and swir" } else { "one" };
            return Err(told("inputs", roles.len(), expected));
        }
        let (fitting, critical) = (rule.fitting(), rule.critical());
        Ok(Self { rule, monitoring, roles, fitting, critical })
    }

    fn terms(&self) -> Terms {
        let (order, trend) = self.rule.model();
        Terms { order, trend }
    }

    /// Fits the models of a tile and begins its processes.
    #[inline(always)]
    fn begin(&self, block: &SeriesBlock<'_>, design: &Design, first: usize, state: &mut NrtState<R::Process>) {
        // A plain loop: a closure would not be compiled for the wider vectors.
        let mut tiles = Vec::with_capacity(self.roles.len());
        for role in 0..self.roles.len() {
            tiles.push(Tile::load(block, role, first));
        }
        let history = History::fit(design, &tiles, block.dates(), self.fitting);
        let (moments, own) = (history.moments(), R::HAS_VALUES.then(|| history.residuals_of_looks()));
        let mut coefficients = Vec::with_capacity(design.width());
        let quartiles = if R::HAS_QUARTILES { history.quartiles() } else { [[f64::NAN; 2]; LANES] };
        for (lane, quartiles) in quartiles.into_iter().enumerate().take(tiles[0].width) {
            let place = first + lane;
            let last = (0..block.dates().len()).rfind(|time| tiles[0].seen[*time][lane] > 0.0);
            let looks = moments.counts[lane] as usize;
            state.found.n_history[place] = count(looks);
            state.found.last_clear_history[place] = last.map_or(NO_DAY, |time| block.dates()[time].days());
            let model = state.found.model.as_mut().expect("it is there");
            model.is_stable[place] = history.standing[lane] != Standing::Unstable;
            if history.standing[lane] != Standing::Stable {
                continue;
            }
            let start = history.starts[lane];
            let begun = self.rule.begin(&Residuals {
                values: own.as_ref().map_or(&[], |own| own.of(lane)),
                count: looks,
                sum: moments.sums[lane],
                squares: moments.squares[lane],
                around: moments.around[lane],
                quartiles,
                width: design.width(),
                floor: 1e-7 * history.fit.predicted_of(design.row(start), lane).abs(),
                critical: self.critical,
            });
            model.is_stable[place] = begun.is_stable;
            model.history_start[place] = block.dates()[start].days();
            model.sigma[place] = begun.sigma;
            model.boundary[place] = begun.process.boundary();
            history.fit.fill(lane, &mut coefficients);
            coefficients = design.in_units(coefficients);
            for (kept, value) in model.coefficients.iter_mut().zip(&coefficients) {
                kept[place] = *value;
            }
            if begun.is_stable {
                state.watched[place] = Some((begun.process, state.found.last_clear_history[place]));
            }
        }
    }

    /// Moves the processes by later looks.
    fn follow(&self, state: &mut NrtState<R::Process>, later: &SeriesBlock<'_>) {
        let looks = later.dates().iter().enumerate().filter(|(_, date)| self.monitoring.contains(**date));
        let looks: Vec<Look> =
            looks.map(|(time, date)| Look { time, day: date.days(), row: self.predictors(*date, *date) }).collect();
        let arch = pulp::Arch::new();
        for first in (0..later.pixels()).step_by(CARRIED) {
            let places = first..later.pixels().min(first + CARRIED);
            arch.dispatch(Following { looks: &looks, later, places, state: &mut *state });
        }
    }
}

impl<R: Rule> Detector for Nrt<R> {
    fn name(&self) -> &'static str {
        R::INFO.name
    }

    fn inputs(&self) -> &[Role] {
        &self.roles
    }

    fn monitoring(&self) -> DateRange {
        self.monitoring
    }

    fn coefficients(&self) -> usize {
        self.terms().width()
    }

    fn predictors(&self, first: Date, date: Date) -> Vec<f64> {
        Design::plain(self.terms(), TimeAxis::Calendar, first, date)
    }

    fn least_history(&self) -> usize {
        (history::LOOKS_A_COEFFICIENT * self.coefficients() as f64).ceil() as usize
    }

    fn fitted_times(&self, block: &SeriesBlock<'_>) -> Vec<bool> {
        let mut is_fitted = vec![false; block.dates().len()];
        let (history, _) = block.split(block.dates().partition_point(|date| *date < self.monitoring.from()));
        let tiles: Vec<Tile> = (0..self.roles.len()).map(|role| Tile::load(&history, role, 0)).collect();
        let design = Design::new(self.terms(), TimeAxis::Calendar, history.dates());
        let fitted = History::fit(&design, &tiles, history.dates(), self.fitting);
        for time in fitted.looks(0).filter(|time| *time >= fitted.starts[0]) {
            is_fitted[time] = true;
        }
        is_fitted
    }

    fn resumable(&self) -> Option<&dyn Resumable> {
        Some(self)
    }

    fn detect(&self, block: &SeriesBlock<'_>) -> Findings {
        let history = block.dates().partition_point(|date| *date < self.monitoring.from());
        let (before, after) = block.split(history);
        let mut state = self.fit(&before);
        self.follow(&mut state, &after);
        state.found
    }
}

impl<R: Rule> Incremental for Nrt<R> {
    type State = NrtState<R::Process>;

    fn fit(&self, history: &SeriesBlock<'_>) -> Self::State {
        let pixels = history.pixels();
        let mut found = Findings::not_seen(pixels);
        found.model = Some(Model::none(self.terms().width(), pixels));
        let mut state = NrtState { watched: vec![None; pixels], found };
        let design = Design::new(self.terms(), TimeAxis::Calendar, history.dates());
        let arch = pulp::Arch::new();
        for first in (0..pixels).step_by(LANES) {
            arch.dispatch(Beginning { detector: self, history, design: &design, first, state: &mut state });
        }
        state
    }

    fn update(&self, state: &mut Self::State, later: &SeriesBlock<'_>) -> Findings {
        self.follow(state, later);
        state.found.clone()
    }
}

/// The beginning of a tile, compiled for the processor's own vectors.
struct Beginning<'a, 'b, R: Rule> {
    detector: &'a Nrt<R>,
    history: &'a SeriesBlock<'b>,
    design: &'a Design,
    first: usize,
    state: &'a mut NrtState<R::Process>,
}

impl<R: Rule> NullaryFnOnce for Beginning<'_, '_, R> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.detector.begin(self.history, self.design, self.first, self.state);
    }
}

fn count(looks: usize) -> u16 {
    u16::try_from(looks).unwrap_or(u16::MAX)
}

/// Days between two.
fn span(from: Date, to: Date) -> i32 {
    to.days() - from.days()
}
