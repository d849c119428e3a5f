use std::sync::Arc;

use crate::{Date, Grid, Role, Scaling, Sensor};

/// What is known of one scene without opening its pixels.
#[derive(Debug, Clone)]
pub struct Scene {
    /// Product name, or the file's name and band of a stack.
    pub id: String,
    /// Sensor table with bands, quality layers and mask classes.
    pub sensor: Arc<Sensor>,
    /// Spacecraft, such as `LANDSAT_8`; empty where it is not known.
    pub platform: String,
    /// Relative orbit (Sentinel) or path (Landsat), where it is known.
    pub orbit: Option<u32>,
    /// Day of sensing, UTC.
    pub date: Date,
    /// Seconds since midnight UTC of sensing, where it is known.
    pub second: Option<u32>,
    /// When the provider made this version (its own text, which sorts by time); a later one wins.
    pub generation: String,
    /// Native grid of the reflectance layers.
    pub grid: Grid,
    /// The layers the scene has, with the scaling of each.
    pub layers: Vec<(Role, Scaling)>,
}

impl Scene {
    /// Whether the scene has the layer.
    pub fn has(&self, role: &Role) -> bool {
        self.layers.iter().any(|(layer, _)| layer == role)
    }

    /// Scaling of a layer; identity where the scene does not have it.
    pub fn scaling(&self, role: &Role) -> Scaling {
        self.layers.iter().find(|(layer, _)| layer == role).map_or(Scaling::IDENTITY, |(_, scaling)| *scaling)
    }
}
