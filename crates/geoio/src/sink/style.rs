/// A class of confidence and its colour, RRGGBB; the ends are told apart without seeing red or green.
pub(super) const CLASSES: [(&str, &str); 4] =
    [("low", "ffd92f"), ("nominal", "fd8d3c"), ("high", "e31a1c"), ("highest", "800026")];

/// The colour of what has no class.
pub(super) const PLAIN: &str = "e31a1c";

/// The colour of a class of confidence.
pub(super) fn colour(confidence: &str) -> &'static str {
    CLASSES.iter().find(|(name, _)| *name == confidence).map_or(PLAIN, |(_, colour)| colour)
}
