use ndarray::{Array3, ArrayView2, ArrayView3, Axis};
use raster::Window;

/// The series of a tile, look by look, in the making; NaN where nothing was seen clear.
#[derive(Debug, Clone)]
pub struct LookSeries {
    window: Window,
    values: Array3<f32>,
}

impl LookSeries {
    /// So many looks of so many roles at a tile, nothing seen yet.
    pub fn unseen(looks: usize, roles: usize, window: Window) -> Self {
        Self { window, values: Array3::from_elem((looks, roles, window.pixels()), f32::NAN) }
    }

    /// Fills what a look has not seen yet of a role, by its place, from one of its scenes, shape (y, x): the first clear pixel wins.
    ///
    /// # Panics
    /// Where there is no such look or role.
    pub fn fill(&mut self, look: usize, role: usize, scene: ArrayView2<'_, f32>) {
        for (slot, value) in self.values.index_axis_mut(Axis(0), look).index_axis_mut(Axis(0), role).iter_mut().zip(scene) {
            if slot.is_nan() {
                *slot = *value;
            }
        }
    }

    /// Takes a number off the values of each look and role; nothing where there are no numbers.
    ///
    /// # Panics
    /// Where there are numbers of fewer roles.
    pub fn take_off(&mut self, off: &[Vec<f64>]) {
        for (mut look, off) in self.values.outer_iter_mut().zip(off) {
            for (mut values, off) in look.outer_iter_mut().zip(off) {
                values.mapv_inplace(|value| (f64::from(value) - off) as f32);
            }
        }
    }

    /// The tile.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The values, shape (time, role, pixel).
    pub fn values(&self) -> ArrayView3<'_, f32> {
        self.values.view()
    }
}
