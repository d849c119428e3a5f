use std::time::Duration;

use crate::moment;

/// How often and how late something is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts at the most. A download that got on by a mebibyte begins to count anew.
    pub attempts: u32,
    /// The wait after the first attempt; doubled after each.
    pub first: Duration,
    /// The longest wait of its own.
    pub longest: Duration,
    /// The longest wait that a host may ask for by `Retry-After`; one that asks for more is not waited for.
    pub patience: Duration,
    /// Seed of the jitter, so that programs that failed together do not come again together.
    pub jitter: u64,
}

impl Default for Retry {
    fn default() -> Self {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        Self { attempts: 6, first, longest, patience: Duration::from_secs(300), jitter: 0 }
    }
}

impl Retry {
    /// The wait after a failed attempt, the first is 1: doubled each time, a random half of it left out.
    pub(crate) fn pause(&self, attempt: u32, place: &str) -> Duration {
        let whole = self.first.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(self.longest);
        let seed = place.bytes().fold(self.jitter, |sum, byte| mixed(sum ^ u64::from(byte)));
        let share = (mixed(seed ^ u64::from(attempt)) >> 11) as f64 / (1_u64 << 53) as f64;
        whole.mul_f64(0.5 + 0.5 * share)
    }
}

/// What `Retry-After` says: seconds, or a date.
pub(crate) fn retry_after(text: &str, now: u64) -> Option<Duration> {
    let text = text.trim();
    let seconds = text.parse().ok().or_else(|| moment::of_http(text).map(|then| then.saturating_sub(now)))?;
    Some(Duration::from_secs(seconds))
}

/// One step of the generator `SplitMix64` (Steele, Lea and Flood 2014).
fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_keep_at_least_half() {
        let retry = Retry { jitter: 7, ..Retry::default() };
        for attempt in 1..40 {
            let whole = Duration::from_secs((1_u64 << (attempt - 1).min(6)).min(60));
            let pause = retry.pause(attempt, "https://e.org/a");
            assert!(pause >= whole / 2 && pause <= whole, "{attempt}: {pause:?}");
        }
    }

    #[test]
    fn jitter_is_a_function_of_its_seed() {
        let of = |jitter| Retry { jitter, ..Retry::default() }.pause(3, "a");
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_ne!(Retry::default().pause(3, "a"), Retry::default().pause(3, "b"));
    }

    #[test]
    fn a_host_says_when_to_come_again_by_seconds_or_a_date() {
        assert_eq!(retry_after("120", 0), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_770), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_780), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", 0), None);
    }
}
