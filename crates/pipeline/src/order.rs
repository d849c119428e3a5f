use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::Budget;

/// Maps chunks on the budget's threads and hands the results to `consume` on the calling thread, in the order of the chunks.
///
/// `open` makes what a worker keeps (file handles); `in_flight` bounds how many chunks are under way at once, finished ones
/// that wait for their turn included.
/// The first error in the order of the chunks ends the run and is returned, whatever the threads' timing.
///
/// # Errors
/// Whatever `open`, `map` or `consume` return.
///
/// # Panics
/// Where `map` panics, the panic goes on in the caller.
pub fn map_in_order<I, W, R, E>(
    chunks: &[I],
    budget: &Budget,
    in_flight: usize,
    open: impl Fn() -> Result<W, E> + Sync,
    map: impl Fn(&mut W, &I) -> Result<R, E> + Sync,
    mut consume: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E>
where
    I: Sync,
    R: Send,
    E: Send,
{
    let in_flight = in_flight.max(1);
    let workers = budget.jobs().min(in_flight).min(chunks.len());
    // Work within work is done by the thread that it is in: all threads are at work already, and one that waited for others of
    // its pool could be given a part of the outer work meanwhile, which waits for the part that it is at.
    if workers <= 1 || rayon::current_thread_index().is_some() {
        let mut worker = open()?;
        return chunks.iter().try_for_each(|chunk| consume(map(&mut worker, chunk)?));
    }
    let belt = Belt::new(chunks.len(), in_flight);
    threads(workers).in_place_scope(|scope| {
        // One loop on each thread, and none that waits to be taken up: a thread that waits for another pool (polars has one) takes
        // up what lies in its own meanwhile, and a second loop on it would wait for the chunk that it is at.
        scope.spawn_broadcast(|_, _| {
            let _stop = StopOnPanic(&belt);
            let mut worker = None;
            while let Some(place) = belt.next() {
                let result = match worker.take().map_or_else(&open, Ok) {
                    Ok(mut opened) => {
                        let result = map(&mut opened, &chunks[place]);
                        worker = Some(opened);
                        result
                    }
                    Err(error) => Err(error),
                };
                belt.put(place, result);
            }
        });
        let _stop = StopOnExit(&belt);
        for place in 0..chunks.len() {
            match belt.take(place) {
                Some(result) => consume(result?)?,
                None => break,
            }
        }
        Ok(())
    })
}

/// Pools of threads by their size, kept for the next call: a new thread would open projections and caches of its own again.
static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());

/// A pool of so many threads.
fn threads(workers: usize) -> Arc<ThreadPool> {
    let start = || Arc::new(ThreadPoolBuilder::new().num_threads(workers).build().expect("threads can be started"));
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(pools.entry(workers).or_insert_with(start))
}

/// Results on their way from workers to the consumer.
struct Belt<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    chunks: usize,
    in_flight: usize,
}

struct State<T> {
    next: usize,
    taken: usize,
    done: BTreeMap<usize, T>,
    stopped: bool,
}

impl<T> Belt<T> {
    fn new(chunks: usize, in_flight: usize) -> Self {
        let state = State { next: 0, taken: 0, done: BTreeMap::new(), stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), chunks, in_flight }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// The next chunk's place, once there is room for its result; `None` when all are given out or the run has stopped.
    fn next(&self) -> Option<usize> {
        let mut state = self.lock();
        while !state.stopped && state.next < self.chunks && state.next >= state.taken + self.in_flight {
            state = self.wait(state);
        }
        if state.stopped || state.next >= self.chunks {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    fn put(&self, place: usize, result: T) {
        self.lock().done.insert(place, result);
        self.changed.notify_all();
    }

    /// The result of a place, once it is there; `None` where a worker stopped the run.
    fn take(&self, place: usize) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.done.remove(&place) {
                state.taken = place + 1;
                self.changed.notify_all();
                return Some(result);
            }
            if state.stopped {
                return None;
            }
            state = self.wait(state);
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// A worker that panics must not leave the consumer waiting.
struct StopOnPanic<'a, T>(&'a Belt<T>);

impl<T> Drop for StopOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// A consumer that returns early must not leave workers waiting.
struct StopOnExit<'a, T>(&'a Belt<T>);

impl<T> Drop for StopOnExit<'_, T> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_waits_for_another_pool_comes_to_an_end() {
        let other = ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
        let budget = Budget::new(2, 1 << 30);
        let chunks: Vec<u64> = (0..40).collect();
        for _ in 0..200 {
            let mut sum = 0;
            let map = |(): &mut (), chunk: &u64| -> Result<u64, ()> {
                Ok(other.install(|| {
                    std::thread::sleep(std::time::Duration::from_micros(50));
                    *chunk
                }))
            };
            map_in_order(
                &chunks,
                &budget,
                2,
                || Ok(()),
                map,
                |chunk| {
                    sum += chunk;
                    Ok(())
                },
            )
            .expect("nothing fails");
            assert_eq!(sum, 780);
        }
    }

    fn squares(jobs: usize, in_flight: usize) -> Vec<u64> {
        let chunks: Vec<u64> = (0..500).collect();
        let mut out = Vec::new();
        map_in_order(
            &chunks,
            &Budget::new(jobs, 1 << 20),
            in_flight,
            || Ok::<_, String>(0u64),
            |calls, chunk| {
                *calls += 1;
                std::thread::sleep(std::time::Duration::from_micros(chunk % 7 * 20));
                Ok(chunk * chunk)
            },
            |square| {
                out.push(square);
                Ok(())
            },
        )
        .expect("no chunk fails");
        out
    }

    #[test]
    fn results_come_in_order_for_any_number_of_threads() {
        let expected: Vec<u64> = (0..500).map(|i| i * i).collect();
        for jobs in [1, 2, 3, 8] {
            for in_flight in [1, 3, 17] {
                assert_eq!(squares(jobs, in_flight), expected);
            }
        }
    }

    #[test]
    fn the_first_error_in_order_is_the_one_returned() {
        for jobs in [1, 2, 4] {
            let chunks: Vec<u32> = (0..100).collect();
            let mut seen = 0;
            let result = map_in_order(
                &chunks,
                &Budget::new(jobs, 1 << 20),
                2 * jobs,
                || Ok(()),
                |(), &chunk| if chunk % 10 == 7 { Err(chunk) } else { Ok(chunk) },
                |_| {
                    seen += 1;
                    Ok(())
                },
            );
            assert_eq!((result, seen), (Err(7), 7));
        }
    }

    #[test]
    fn workers_do_not_run_further_ahead_than_the_budget() {
        let chunks: Vec<usize> = (0..64).collect();
        let consumed = std::sync::atomic::AtomicUsize::new(0);
        let budget = Budget::new(4, 600);
        map_in_order(
            &chunks,
            &budget,
            budget.in_flight(100),
            || Ok::<_, String>(()),
            |(), &chunk| Ok((chunk, consumed.load(std::sync::atomic::Ordering::SeqCst))),
            |(chunk, seen)| {
                assert!(chunk < seen + 4, "chunk {chunk} began when {seen} were consumed");
                consumed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            },
        )
        .expect("no chunk fails");
    }

    #[test]
    fn a_panic_in_a_worker_ends_the_run() {
        let chunks: Vec<u32> = (0..20).collect();
        let run = std::panic::catch_unwind(|| {
            let map = |(): &mut (), chunk: &u32| -> Result<u32, String> {
                assert!(*chunk != 5, "planted");
                Ok(*chunk)
            };
            map_in_order(&chunks, &Budget::new(3, 1 << 20), 6, || Ok(()), map, |_| Ok(()))
        });
        assert!(run.is_err());
    }

    #[test]
    fn work_within_work_is_done_too() {
        let chunks: Vec<u64> = (0..20).collect();
        let mut sums = Vec::new();
        let budget = Budget::new(2, 1 << 20);
        let inner = |chunk: u64| {
            let mut sum = 0;
            let add = |value| {
                sum += value;
                Ok::<_, String>(())
            };
            map_in_order(&chunks, &budget, 3, || Ok(()), |(), value| Ok(value * chunk), add).map(|()| sum)
        };
        let keep = |sum| {
            sums.push(sum);
            Ok(())
        };
        map_in_order(&chunks, &budget, 3, || Ok(()), |(), chunk| inner(*chunk), keep).expect("no chunk fails");
        assert_eq!(sums, (0..20).map(|chunk| chunk * 190).collect::<Vec<u64>>());
    }

    /// Two runs at once share a pool: a thread that waited within its part was given the other half of its own run, and stood still.
    #[test]
    fn runs_within_runs_at_once_come_to_an_end() {
        let nested = || {
            let chunks: Vec<u64> = (0..40).collect();
            let budget = Budget::new(2, 1 << 20);
            let mut sum = 0;
            let inner = |chunk: u64| {
                let mut inner = 0;
                let add = |value: u64| {
                    inner += value;
                    Ok::<_, String>(())
                };
                map_in_order(&chunks, &budget, 3, || Ok(()), |(), value| Ok(value * chunk), add).map(|()| inner)
            };
            let add = |value: u64| {
                sum += value;
                Ok(())
            };
            map_in_order(&chunks, &budget, 3, || Ok(()), |(), chunk| inner(*chunk), add).expect("no chunk fails");
            sum
        };
        for _ in 0..20 {
            std::thread::scope(|scope| {
                let runs: Vec<_> = (0..4).map(|_| scope.spawn(nested)).collect();
                assert!(runs.into_iter().all(|run| run.join().expect("it ends") == 780 * 780));
            });
        }
    }

    #[test]
    fn no_chunk_is_no_work() {
        let none: [u32; 0] = [];
        assert_eq!(map_in_order(&none, &Budget::new(2, 1), 1, || Ok::<_, String>(()), |(), _| Ok(()), |()| Ok(())), Ok(()));
    }
}
