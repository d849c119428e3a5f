//! Colours: Okabe and Ito's palette, which colour-blind people tell apart, on the paper of the program's other pictures.

use plotters::style::RGBColor;

pub(super) const PAPER: RGBColor = RGBColor(250, 249, 246);
pub(super) const INK: RGBColor = RGBColor(28, 33, 36);
pub(super) const FAINT: RGBColor = RGBColor(104, 110, 114);
pub(super) const GRID: RGBColor = RGBColor(226, 225, 220);
pub(super) const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Looks of the history.
pub(super) const HISTORY: RGBColor = RGBColor(70, 76, 80);
/// Looks that do not count.
pub(super) const LEFT_OUT: RGBColor = RGBColor(150, 152, 152);
/// Looks that are watched, and their process.
pub(super) const MONITORED: RGBColor = RGBColor(0, 114, 178);
/// Looks after a break.
pub(super) const AFTER: RGBColor = RGBColor(86, 180, 233);
/// The model.
pub(super) const MODEL: RGBColor = RGBColor(0, 158, 115);
/// One sigma around it.
pub(super) const BAND: RGBColor = RGBColor(214, 239, 230);
/// A break, and the days in which it lies.
pub(super) const BREAK: RGBColor = RGBColor(213, 94, 0);
pub(super) const BETWEEN: RGBColor = RGBColor(230, 159, 0);
/// A confirmation.
pub(super) const CONFIRMED: RGBColor = RGBColor(150, 70, 130);
