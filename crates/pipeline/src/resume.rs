use raster::Checkpoint;

/// What was kept of a chunk, else the result of `work`, which is kept from now on.
///
/// # Errors
/// Whatever `work` returns, and a result that cannot be kept.
pub fn resume<T, C: Checkpoint<T>, E: From<C::Error>>(
    kept: &C,
    place: usize,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if let Some(result) = kept.load(place) {
        return Ok(result);
    }
    let result = work()?;
    kept.keep(place, &result)?;
    Ok(result)
}
