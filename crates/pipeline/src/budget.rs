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

    /// Bytes for the raster library's own cache: an eighth of all.
    pub fn cache_bytes(&self) -> u64 {
        self.bytes / 8
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

    /// Rows of a full-width strip so that each thread can hold one, at least 16 and at most `most`, in steps of 16.
    pub fn strip_rows(&self, bytes_a_row: u64, most: usize) -> usize {
        let fit = self.chunk_bytes() / (bytes_a_row.max(1) * (self.jobs as u64 + 1));
        ((fit as usize).clamp(16, most.max(16)) / 16) * 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_larger_than_the_budget_still_goes_alone() {
        assert_eq!(Budget::new(4, 100).in_flight(1_000), 1);
    }

    #[test]
    fn strips_shrink_with_the_budget() {
        let wide = Budget::new(2, 1 << 30).strip_rows(1 << 16, 512);
        let tight = Budget::new(2, 1 << 24).strip_rows(1 << 16, 512);
        assert!(tight < wide && tight >= 16 && wide <= 512, "{tight} {wide}");
    }
}
