//! Unpacked chunks that all readers of a process share, bounded in bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::bytes::Reading;

/// The bytes of a chunk.
pub(super) type Chunk = Arc<Vec<u8>>;

/// An array, and the place of a chunk in it.
type Key = (u64, u64);

/// What is known of a chunk.
#[derive(Debug, Default)]
enum State {
    #[default]
    Unknown,
    NeverWritten,
    Unpacked(Chunk),
}

/// Locked while a chunk is unpacked, so that others who want it wait instead of unpacking it too.
type Slot = Arc<Mutex<State>>;

/// Bytes of an entry itself.
const ENTRY: usize = 128;

static BOUND: AtomicU64 = AtomicU64::new(64 << 20);

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Cache {
    slots: HashMap<Key, (Slot, u64, usize)>,
    /// The keys by when they were last asked for.
    order: BTreeMap<u64, Key>,
    now: u64,
    bytes: u64,
}

impl Cache {
    fn slot(&mut self, key: Key) -> Slot {
        self.now += 1;
        let now = self.now;
        let (slot, used, _) = self.slots.entry(key).or_insert_with(|| (Slot::default(), now, 0));
        self.order.remove(used);
        *used = now;
        self.order.insert(now, key);
        Arc::clone(slot)
    }

    /// Notes how large a chunk is, and lets go of those that were asked for longest ago.
    fn note(&mut self, key: Key, length: usize) {
        if let Some((_, _, bytes)) = self.slots.get_mut(&key) {
            self.bytes = self.bytes - *bytes as u64 + length as u64;
            *bytes = length;
        }
        while self.bytes > BOUND.load(Ordering::Relaxed) {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            if let Some((_, _, bytes)) = self.slots.remove(&oldest) {
                self.bytes -= bytes as u64;
            }
        }
    }
}

/// Bounds it from now on.
pub(crate) fn bound(bytes: u64) {
    BOUND.store(bytes, Ordering::Relaxed);
}

/// A chunk; unpacked where it is not known.
pub(super) fn get(key: Key, unpack: impl FnOnce() -> Reading<Option<Vec<u8>>>) -> Reading<Option<Chunk>> {
    let cache = || CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    let slot = cache().slot(key);
    let mut state = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match &*state {
        State::Unknown => {}
        State::NeverWritten => return Ok(None),
        State::Unpacked(chunk) => return Ok(Some(Arc::clone(chunk))),
    }
    let unpacked = unpack()?.map(Arc::new);
    *state = unpacked.clone().map_or(State::NeverWritten, State::Unpacked);
    drop(state);
    cache().note(key, unpacked.as_ref().map_or(ENTRY, |chunk| chunk.len() + ENTRY));
    Ok(unpacked)
}
