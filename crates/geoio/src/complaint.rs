//! What GDAL complains about, kept a thread instead of printed.

use std::cell::RefCell;

use gdal::errors::CplErrType;

thread_local! {
    static FAILURE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sends GDAL's messages here from now on: nothing is printed, the first failure since [`clear`] is kept.
pub(crate) fn listen() {
    gdal::config::set_error_handler(|class, _, message| {
        if matches!(class, CplErrType::Failure | CplErrType::Fatal) {
            FAILURE.with_borrow_mut(|slot| {
                slot.get_or_insert_with(|| message.replace(['\n', '\r'], " "));
            });
        }
    });
}

/// Forgets what was said on this thread.
pub(crate) fn clear() {
    FAILURE.with_borrow_mut(|slot| *slot = None);
}

/// The first failure said on this thread since [`clear`].
pub(crate) fn take() -> Option<String> {
    FAILURE.with_borrow_mut(Option::take)
}

/// Does the work; a failure that GDAL only mentioned is an error too.
///
/// GDAL's calls may end with success after a damaged block: what was said meanwhile decides.
pub(crate) fn watch<T>(work: impl FnOnce() -> gdal::errors::Result<T>) -> Result<T, String> {
    clear();
    let result = work();
    match (result, take()) {
        (Ok(value), None) => Ok(value),
        (_, Some(said)) => Err(said),
        (Err(error), None) => Err(crate::error::reason(&error)),
    }
}
