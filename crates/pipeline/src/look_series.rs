use ndarray::{Array3, ArrayView3, Axis};
use raster::Window;

/// The index over a tile, look by look, in the making; NaN where nothing was seen clear.
#[derive(Debug, Clone)]
pub struct LookSeries {
    window: Window,
    values: Array3<f32>,
}

impl LookSeries {
    /// So many looks at a tile, nothing seen yet.
    pub fn unseen(looks: usize, window: Window) -> Self {
        Self { window, values: Array3::from_elem((looks, 1, window.pixels()), f32::NAN) }
    }

    /// Fills what a look has not seen yet from one of its scenes, shape (1, y, x): the first clear pixel wins.
    ///
    /// # Panics
    /// Where there is no such look.
    pub fn fill(&mut self, look: usize, scene: &Array3<f32>) {
        for (slot, value) in self.values.index_axis_mut(Axis(0), look).iter_mut().zip(scene) {
            if slot.is_nan() {
                *slot = *value;
            }
        }
    }

    /// The tile.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The values, shape (time, 1, pixel).
    pub fn values(&self) -> ArrayView3<'_, f32> {
        self.values.view()
    }
}
