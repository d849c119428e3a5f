//! Areas that add up: clearings near one another, clearings that touch, and clearings within some months.
//!
//! Adding areas up says nothing of conduct or author: the distance and the months are declared by whoever asks.

use std::collections::BTreeSet;

use geo::BoundingRect;
use geo_types::{Geometry, Rect};
use raster::Date;

use crate::boxes::BoxTree;
use crate::measure::{grown, narrowest};
use crate::nearness::{METRES_PER_DEGREE, distance_m};
use crate::overlay::bounds as bounds_of;
use crate::period::Periods;
use crate::rule::{Case, Span};

/// Metres within which two clearings touch: what rounding of coordinates may tear apart.
const TOUCHING_M: f64 = 0.05;

/// How clearings are taken together, as declared by the analyst.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grouping {
    /// Metres up to which two clearings belong to one cluster, directly or by way of others.
    pub distance_m: f64,
    /// Days that may lie between the changes of two clearings that are taken together by that distance; any number where absent.
    pub span_days: Option<i32>,
    /// Calendar months over which areas accumulate.
    pub months: u32,
}

/// Least and greatest hectares of clearings.
#[derive(Debug, Clone, Copy)]
pub struct Areas<'a> {
    /// Of each as a whole.
    pub own: &'a [Span],
    /// Of what of each counts towards the areas that add up: see [`crate::counted`].
    pub counted: &'a [Span],
}

/// The cluster of each clearing: the index of its first member. A clearing without a place is alone.
///
/// Two clearings are in one cluster where they lie within the distance, and their changes may lie within the span, or where a third
/// one links them so (single linkage).
pub fn clusters(geometries: &[Option<Geometry<f64>>], periods: Periods<'_>, grouping: Grouping) -> Vec<usize> {
    let mut roots: Vec<usize> = (0..geometries.len()).collect();
    let boxes: Vec<Option<Rect<f64>>> = geometries.iter().map(|g| g.as_ref().and_then(BoundingRect::bounding_rect)).collect();
    let numbered = boxes.iter().enumerate().filter_map(|(place, bounds)| Some((place as u32, bounds_of((*bounds)?))));
    let tree = BoxTree::new(numbered.collect());
    for (place, bounds) in boxes.iter().enumerate() {
        let (Some(bounds), Some(geometry)) = (*bounds, geometries[place].as_ref()) else { continue };
        let y = grouping.distance_m / METRES_PER_DEGREE;
        let around = grown(bounds, y / narrowest(bounds, y), y);
        let mut others = Vec::new();
        tree.meeting(&bounds_of(around), |other| others.push(other as usize));
        others.sort_unstable();
        for other in others.into_iter().filter(|other| *other < place) {
            if root(&mut roots, other) == root(&mut roots, place) || !may_meet(periods, (place, other), grouping.span_days) {
                continue;
            }
            let near = geometries[other].as_ref().and_then(|other| distance_m(geometry, other));
            if near.is_some_and(|metres| metres <= grouping.distance_m) {
                let (a, b) = (root(&mut roots, place), root(&mut roots, other));
                roots[a.max(b)] = a.min(b);
            }
        }
    }
    (0..roots.len()).map(|place| root(&mut roots, place)).collect()
}

fn root(roots: &mut [usize], mut place: usize) -> usize {
    while roots[place] != place {
        roots[place] = roots[roots[place]];
        place = roots[place];
    }
    place
}

/// Whether so few days may lie between two changes.
fn may_meet(periods: Periods<'_>, (one, other): (usize, usize), span_days: Option<i32>) -> bool {
    let Some(span) = span_days else { return true };
    match (periods.days(one), periods.days(other)) {
        ((Some(a), Some(b)), (Some(c), Some(d))) => {
            let apart = i64::from(a.max(c)) - i64::from(b.min(d));
            apart <= i64::from(span)
        }
        _ => true,
    }
}

/// What rules are held against: each clearing's area with that of its cluster, of what touches it, and of what changed within the
/// months with it.
pub fn cases(geometries: &[Option<Geometry<f64>>], areas: Areas<'_>, periods: Periods<'_>, grouping: Grouping) -> Vec<Case> {
    let cluster = clusters(geometries, periods, grouping);
    let touching = clusters(geometries, periods, Grouping { distance_m: TOUCHING_M, span_days: None, ..grouping });
    cases_of(&cluster, &touching, areas, periods, grouping.months)
}

/// The same where the clusters and the clearings that touch are known: clearings of one number are together.
pub fn cases_of(cluster: &[usize], touching: &[usize], areas: Areas<'_>, periods: Periods<'_>, months: u32) -> Vec<Case> {
    let (own, areas) = (areas.own, areas.counted);
    let (extents, pieces) = (sums(cluster, areas), sums(touching, areas));
    let mut members = vec![Vec::new(); areas.len()];
    for (place, group) in cluster.iter().enumerate() {
        members[*group].push(place);
    }
    let mut accumulated = vec![(0.0, 0.0); areas.len()];
    for group in &members {
        accumulate(group, areas, periods, months, &mut accumulated);
    }
    (0..areas.len())
        .map(|place| Case {
            area_ha: own[place],
            extent_ha: extents[cluster[place]],
            contiguous_ha: pieces[touching[place]],
            accumulated_ha: accumulated[place],
        })
        .collect()
}

fn sums(groups: &[usize], areas: &[Span]) -> Vec<Span> {
    let mut sums = vec![(0.0, 0.0); areas.len()];
    for (group, area) in groups.iter().zip(areas) {
        sums[*group].0 += area.0;
        sums[*group].1 += area.1;
    }
    sums
}

/// A clearing with its possible days, both included.
struct Member {
    place: usize,
    first: i32,
    last: i32,
    area: Span,
}

/// For each clearing of a cluster the largest sums within a window of some months that holds it: the least of those whose possible
/// days all lie in it, the greatest of those of which some may.
fn accumulate(group: &[usize], areas: &[Span], periods: Periods<'_>, months: u32, into: &mut [Span]) {
    let member = |&place: &usize| {
        let (first, last) = periods.days(place);
        Member { place, first: first.unwrap_or(i32::MIN), last: last.unwrap_or(i32::MAX), area: areas[place] }
    };
    let mut members: Vec<Member> = group.iter().map(member).collect();
    members.sort_unstable_by_key(|member| (member.first, member.last, member.place));
    for begin in days(&members, |member| member.first) {
        let end = later(begin, months);
        let from = members.partition_point(|member| member.first < begin);
        let upto = members.partition_point(|member| member.first <= end);
        let within = || members[from..upto].iter().filter(|member| member.last <= end);
        let sum: f64 = within().map(|member| member.area.0).sum();
        within().for_each(|member| into[member.place].0 = into[member.place].0.max(sum));
    }
    for begin in days(&members, |member| member.last) {
        let upto = members.partition_point(|member| member.first <= later(begin, months));
        let may_lie = || members[..upto].iter().filter(|member| member.last >= begin);
        let sum: f64 = may_lie().map(|member| member.area.1).sum();
        may_lie().for_each(|member| into[member.place].1 = into[member.place].1.max(sum));
    }
    for member in members.iter().filter(|member| member.last == i32::MAX) {
        into[member.place].1 = group.iter().map(|place| areas[*place].1).sum();
    }
}

/// The known days of members, each once, in order.
fn days(members: &[Member], of: impl Fn(&Member) -> i32) -> BTreeSet<i32> {
    members.iter().map(of).filter(|day| *day != i32::MIN && *day != i32::MAX).collect()
}

/// The day so many calendar months later; where the month has no such day, its last.
fn later(day: i32, months: u32) -> i32 {
    let (year, month, of_month) = Date::from_days(day).ymd();
    let months = i64::from(year) * 12 + i64::from(month) - 1 + i64::from(months);
    let (year, month) = ((months.div_euclid(12)) as i32, (months.rem_euclid(12) + 1) as u32);
    (1..=of_month).rev().find_map(|of_month| Date::from_ymd(year, month, of_month)).map_or(i32::MAX, Date::days)
}

/// One row of a table of how much hangs on the declared distance and span.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sensitivity {
    /// What was declared.
    pub grouping: Grouping,
    /// Number of clusters.
    pub clusters: usize,
    /// Clusters of at least one hectare for certain, and perhaps.
    pub of_one_ha: (usize, usize),
    /// Clusters above thirty hectares for certain, and perhaps.
    pub above_thirty_ha: (usize, usize),
    /// Clusters with a clearing that has more than thirty hectares within the months with it, for certain, and perhaps.
    pub accumulated_thirty_ha: (usize, usize),
}

/// How the counts of clusters change with distance (0 to 1000 m and the declared one) and span (30 to 365 days, any, and the
/// declared one), in that order.
pub fn sensitivity(
    geometries: &[Option<Geometry<f64>>],
    areas: Areas<'_>,
    periods: Periods<'_>,
    declared: Grouping,
) -> Vec<Sensitivity> {
    let mut distances = vec![0.0, 50.0, 100.0, 250.0, 500.0, 1000.0, declared.distance_m];
    distances.sort_by(f64::total_cmp);
    distances.dedup();
    let mut spans = vec![Some(30), Some(90), Some(180), Some(365), None, declared.span_days];
    spans.sort_by_key(|span| span.unwrap_or(i32::MAX));
    spans.dedup();
    let touching = clusters(geometries, periods, Grouping { distance_m: TOUCHING_M, span_days: None, ..declared });
    let mut rows = Vec::with_capacity(distances.len() * spans.len());
    for distance_m in distances {
        for span_days in &spans {
            let grouping = Grouping { distance_m, span_days: *span_days, ..declared };
            let cluster = clusters(geometries, periods, grouping);
            let cases = cases_of(&cluster, &touching, areas, periods, declared.months);
            rows.push(counted(grouping, &cluster, &cases));
        }
    }
    rows
}

fn counted(grouping: Grouping, cluster: &[usize], cases: &[Case]) -> Sensitivity {
    let mut most = vec![None::<(Span, Span)>; cluster.len()];
    for (head, case) in cluster.iter().zip(cases) {
        let (_, (low, high)) = most[*head].get_or_insert((case.extent_ha, (0.0, 0.0)));
        (*low, *high) = (low.max(case.accumulated_ha.0), high.max(case.accumulated_ha.1));
    }
    let most: Vec<(Span, Span)> = most.into_iter().flatten().collect();
    let count = |holds: &dyn Fn(f64) -> bool, span: &dyn Fn(&(Span, Span)) -> Span| {
        let spans = || most.iter().map(span);
        (spans().filter(|span| holds(span.0)).count(), spans().filter(|span| holds(span.1)).count())
    };
    Sensitivity {
        grouping,
        clusters: most.len(),
        of_one_ha: count(&|ha| ha >= 1.0, &|most| most.0),
        above_thirty_ha: count(&|ha| ha > 30.0, &|most| most.0),
        accumulated_thirty_ha: count(&|ha| ha > 30.0, &|most| most.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i32 {
        text.parse::<Date>().expect("a day").days()
    }

    #[test]
    fn months_are_counted_by_the_calendar() {
        // From the worked example: whether the last day lies within six months of the first.
        for (first, last, within) in [
            ("2024-03-02", "2024-09-02", true),
            ("2024-03-02", "2024-09-03", false),
            ("2024-08-31", "2025-02-28", true),
            ("2024-08-31", "2025-03-01", false),
            ("2023-08-31", "2024-02-29", true),
        ] {
            assert_eq!(day(last) <= later(day(first), 6), within, "{first} {last}");
        }
    }

    fn square(x: f64) -> Geometry<f64> {
        Geometry::Rect(Rect::new((x, 1.0), (x + 0.001, 1.001)))
    }

    #[test]
    fn clusters_are_linked_by_way_of_others_and_by_days() {
        let geometries = [Some(square(-74.0)), Some(square(-73.9985)), Some(square(-73.997)), Some(square(-73.0)), None];
        let grouping = Grouping { distance_m: 100.0, span_days: None, months: 6 };
        let as_of = Periods::AsOf(Date::from_days(0));
        assert_eq!(clusters(&geometries, as_of, grouping), [0, 0, 0, 3, 4]);
        assert_eq!(clusters(&geometries, as_of, Grouping { distance_m: 40.0, ..grouping }), [0, 1, 2, 3, 4]);
        let period = |first: &str| {
            let first: Date = first.parse().expect("a day");
            Some(crate::Period { before: Some(Date::from_days(first.days() - 10)), first })
        };
        let days = [period("2024-01-20"), period("2024-02-20"), period("2025-02-20"), None, None];
        let spanned = Grouping { span_days: Some(60), ..grouping };
        assert_eq!(clusters(&geometries, Periods::Changes(&days), spanned), [0, 0, 2, 3, 4]);
    }
}
