use crate::TILE_COLS;

/// How many threads and bytes a run may use; handed to whoever needs either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    jobs: usize,
    bytes: u64,
}

impl Budget {
    /// `jobs` threads (at least one) and `bytes` of memory for pixels.
    pub fn new(jobs: usize, bytes: u64) -> Self {
        Self { jobs: jobs.max(1), bytes }
    }

    /// Number of threads.
    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Bytes of memory in all.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes for the raster library's own cache: an eighth of all, at most 256 MiB.
    pub fn cache_bytes(&self) -> u64 {
        (self.bytes / 8).min(256 << 20)
    }

    /// Bytes for chunks under way: half of all.
    pub fn chunk_bytes(&self) -> u64 {
        self.bytes / 2
    }

    /// How many chunks of this size may be under way at once, finished ones that wait for their turn included; at least one.
    pub fn in_flight(&self, bytes_a_chunk: u64) -> usize {
        let fit = self.chunk_bytes() / bytes_a_chunk.max(1);
        (fit as usize).clamp(1, 2 * self.jobs + 1)
    }

    /// The highest strips (16 rows times a power of two) with which the run keeps to the budget, at most [`StripCost::MOST_ROWS`]:
    /// those are cut into pieces of whole tiles, so that what a run holds hardly depends on how wide its grid is.
    ///
    /// # Errors
    /// The least bytes that any strips need, where the budget is less.
    pub fn plan_strips(&self, cost: &StripCost) -> Result<StripPlan, u64> {
        let heights = || std::iter::successors(Some(StripCost::MOST_ROWS), |rows| Some(rows / 2).filter(|rows| *rows >= 16));
        let plans = || heights().map(|rows| cost.plan(rows, self));
        plans().find(|plan| plan.bytes <= self.bytes).ok_or_else(|| {
            let least = plans().map(|plan| plan.bytes).min().unwrap_or(0);
            // Of a budget that is larger the cache takes its share too.
            (least - self.cache_bytes()).div_ceil(7) * 8
        })
    }
}

/// What strips of a run cost in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StripCost {
    /// Pixels a row.
    pub cols: usize,
    /// Bytes a pixel of the tile that a thread works on.
    pub working: u64,
    /// Bytes a pixel of a strip's result.
    pub waiting: u64,
    /// Bytes of a row of tiles, over all rasters: such rows are filled where strips are no whole rows of tiles themselves.
    pub tile_row: u64,
    /// Bytes that do not depend on the strips: the program, layers.
    pub fixed: u64,
}

impl StripCost {
    /// Rows of the highest strips: a row of the usual tiles.
    pub const MOST_ROWS: usize = 512;

    /// The run in strips of this height.
    pub fn plan(&self, rows: usize, budget: &Budget) -> StripPlan {
        let is_tiled = rows == Self::MOST_ROWS;
        let cols = if is_tiled { self.cols.min(TILE_COLS) } else { self.cols };
        let (tile, piece) = ((self.cols.min(TILE_COLS) * rows) as u64, (cols * rows) as u64);
        let jobs = budget.jobs as u64;
        // Overviews hold a quarter of a row at most, packed; lower strips fill whole rows.
        let filling = if is_tiled { self.tile_row / 4 } else { self.tile_row * 5 / 4 };
        // A piece a thread, one that waits, one that is written.
        let pieces = jobs * tile * self.working + (jobs + 2) * piece * self.waiting;
        StripPlan { rows, cols, in_flight: budget.jobs + 1, bytes: self.fixed + filling + budget.cache_bytes() + pieces }
    }
}

/// How a run is cut so that it keeps to its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StripPlan {
    /// Rows of a strip.
    pub rows: usize,
    /// Columns of the pieces into which a strip is cut; all of the grid's where it is not.
    pub cols: usize,
    /// Pieces under way at once.
    pub in_flight: usize,
    /// Bytes at the highest.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_larger_than_the_budget_still_goes_alone() {
        assert_eq!(Budget::new(4, 100).in_flight(1_000), 1);
    }

    #[test]
    fn a_plan_keeps_to_the_budget_or_says_what_it_needs() {
        let cost = StripCost { cols: 10_000, working: 150, waiting: 30, tile_row: 37 * 512 * 10_000, fixed: 100 << 20 };
        for mebibytes in [500u64, 700, 1500, 4000] {
            let budget = Budget::new(2, mebibytes << 20);
            let plan = budget.plan_strips(&cost).expect("a plan");
            assert!(plan.bytes <= mebibytes << 20 && plan.rows >= 16, "{plan:?}");
        }
        let least = Budget::new(2, 100 << 20).plan_strips(&cost).expect_err("too little");
        assert!(least > 300 << 20 && Budget::new(2, least).plan_strips(&cost).is_ok(), "{least}");
    }

    #[test]
    fn a_wide_grid_is_cut_into_pieces_and_costs_little_more() {
        let plan = |cols: usize| {
            let cost = StripCost { cols, working: 150, waiting: 30, tile_row: 37 * 512 * cols as u64, fixed: 300 << 20 };
            Budget::new(2, 2 << 30).plan_strips(&cost).expect("a plan")
        };
        assert_eq!([100, 1024, 10_980].map(|cols| (plan(cols).rows, plan(cols).cols)), [(512, 100), (512, 1024), (512, 1024)]);
        assert!(plan(10_980).bytes as f64 / (plan(7764).bytes as f64) < 1.03, "{} {}", plan(10_980).bytes, plan(7764).bytes);
    }
}
