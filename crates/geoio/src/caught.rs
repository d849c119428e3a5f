//! Panics of libraries that unpack what others made: an error of the file, not the end of the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Does the work; a panic within it is an error, and nothing is printed of it.
///
/// # Errors
/// What the work returns, or what it panicked with.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let outer = QUIET.replace(true);
    // What the work has half done is thrown away by the caller.
    let result = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(outer);
    result.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("it breaks the reader ({})", said.unwrap_or("no reason given").replace(['\n', '\r'], " ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let result = caught(|| if std::hint::black_box(true) { panic!("planted") } else { Ok(0) });
        assert!(result.is_err_and(|said| said.contains("planted")));
        assert_eq!(caught(|| Ok(3)), Ok(3));
    }
}
