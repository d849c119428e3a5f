/// When a change was seen: after `before` (the last day seen unchanged) and at the latest on `first`; days of any count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Last day seen unchanged; `None` where it never was, which leaves the start open.
    pub before: Option<i32>,
    /// First day seen changed.
    pub first: i32,
}

/// When a change happened, as a reference tells: on one of the days `from..=to`, which are one where the day is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// First day on which it may have happened.
    pub from: i32,
    /// Last such day.
    pub to: i32,
}

/// How the days of an alert stand to those of its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dating {
    /// All days of the reference lie in (`before`, `first`].
    Right,
    /// Some of them do.
    MayBeRight,
    /// The alert says changed before it happened: `first` lies before the reference.
    Early,
    /// The alert says unchanged after it had happened: `before` is not before the reference's end.
    Late,
}

impl Dating {
    /// How an alert is dated.
    pub fn of(seen: Seen, changed: Changed) -> Self {
        let after_start = |day: i32| seen.before.is_none_or(|before| before < day);
        if seen.first < changed.from {
            Self::Early
        } else if !after_start(changed.to) {
            Self::Late
        } else if after_start(changed.from) && changed.to <= seen.first {
            Self::Right
        } else {
            Self::MayBeRight
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_right_after_the_last_unchanged_and_up_to_the_first_changed() {
        let seen = Seen { before: Some(10), first: 20 };
        let on = |day: i32| Dating::of(seen, Changed { from: day, to: day });
        assert_eq!([10, 11, 20, 21].map(on), [Dating::Late, Dating::Right, Dating::Right, Dating::Early]);
        let open = |from, to| Dating::of(Seen { before: None, first: 20 }, Changed { from, to });
        assert_eq!([open(-999, -999), open(15, 25), open(21, 25)], [Dating::Right, Dating::MayBeRight, Dating::Early]);
    }

    #[test]
    fn an_interval_that_reaches_out_may_be_right() {
        let seen = Seen { before: Some(10), first: 20 };
        let within = |from, to| Dating::of(seen, Changed { from, to });
        assert_eq!(within(11, 20), Dating::Right);
        for (from, to) in [(10, 12), (0, 30), (20, 30), (5, 11)] {
            assert_eq!(within(from, to), Dating::MayBeRight, "{from} {to}");
        }
        assert_eq!((within(0, 10), within(21, 30)), (Dating::Late, Dating::Early));
    }
}
