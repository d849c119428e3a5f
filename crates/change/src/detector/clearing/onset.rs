use crate::NO_DAY;

/// When a series left its model: between the last look that the model explains and the first after it.
///
/// A process passes its boundary some looks after a change, or on noise some before it. The change itself is dated with Page's sums
/// (Page, Continuous inspection schemes, Biometrika 41, 1954): what lies beyond half of the shift looked for is summed up, back to 0
/// by looks that lie nearer to the model, and the change began where the largest sum did. A single look adds at most a quarter of the
/// shift: one under a cloud that was missed is outweighed by the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Onset {
    shift: f64,
    sum: f64,
    /// Last day on which the sum was 0, and the first after it.
    days: (i32, i32),
    largest: f64,
    of_largest: (i32, i32),
}

impl Onset {
    /// The onset of a shift of so much, before any look.
    pub(super) fn of(shift: f64) -> Self {
        Self { shift, sum: 0.0, days: (NO_DAY, NO_DAY), largest: 0.0, of_largest: (NO_DAY, NO_DAY) }
    }

    /// Takes a look of the history by how far it lies from the model in the direction of the shift: no change is dated there.
    pub(super) fn history(&mut self, day: i32, fall: f64) {
        if fall <= self.shift / 2.0 {
            self.days.0 = day;
        }
    }

    /// Takes a look of the monitoring period.
    pub(super) fn look(&mut self, day: i32, fall: f64) {
        let beyond = fall.clamp(-self.shift, 0.75 * self.shift) - self.shift / 2.0;
        self.sum = (self.sum + beyond).max(0.0);
        if self.sum == 0.0 {
            self.days = (day, NO_DAY);
        } else if self.days.1 == NO_DAY {
            self.days.1 = day;
        }
        if self.sum > self.largest {
            (self.largest, self.of_largest) = (self.sum, self.days);
        }
    }

    /// The last day in line with the model and the first after it; `None` where it never left, or where looks in line have outweighed
    /// those that were off.
    pub(super) fn days(&self) -> Option<(i32, i32)> {
        (self.sum > 0.0).then_some(self.of_largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dated(shift: f64, looks: &[(i32, f64)]) -> Option<(i32, i32)> {
        let mut onset = Onset::of(shift);
        onset.history(1, 0.1);
        onset.history(2, shift);
        for (day, fall) in looks {
            onset.look(*day, *fall);
        }
        onset.days()
    }

    #[test]
    fn a_change_lies_after_the_last_look_that_is_nearer_to_the_model() {
        let looks = [(11, 1.5), (12, 2.2), (13, 0.2), (14, 0.9), (15, 5.0), (16, 15.0), (17, 9.0)];
        assert_eq!(dated(4.0, &looks), Some((14, 15)));
        assert_eq!(dated(12.0, &looks), Some((15, 16)), "half of a large shift is not reached on day 15");
        assert_eq!(dated(4.0, &[(11, 3.0), (12, 4.0)]), Some((1, 11)), "it may have been before the monitoring began");
        assert_eq!(dated(4.0, &[(11, -5.0), (12, 1.9)]), None, "nothing moved that way");
    }

    #[test]
    fn a_cloud_that_was_missed_moves_no_date() {
        let looks = [(11, 30.0), (12, 0.1), (13, -0.5), (14, 6.0), (15, 7.0), (16, 0.5), (17, 6.0)];
        assert_eq!(dated(4.0, &looks), Some((13, 14)));
        assert_eq!(dated(4.0, &looks[..3]), None, "outweighed by what came after");
    }
}
