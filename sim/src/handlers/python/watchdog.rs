//! Kills a worker that has been silent for too long. Real time decides only this, never anything in a run.

use std::process::Child;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// In how many parts the limit is looked at: the watchdog fires at most a part late.
const TICKS: u32 = 8;
const TICK_MIN: Duration = Duration::from_millis(1);

/// A thread that watches one worker.
#[derive(Debug)]
pub(super) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    limit: Duration,
}

#[derive(Debug)]
struct Shared {
    child: Mutex<Child>,
    /// Odd while the host waits for the worker.
    turn: AtomicU64,
    fired: AtomicBool,
    stopped: Mutex<bool>,
    stop: Condvar,
}

impl Watchdog {
    pub(super) fn new(child: Child, limit: Duration) -> Watchdog {
        let shared = Arc::new(Shared {
            child: Mutex::new(child),
            turn: AtomicU64::new(0),
            fired: AtomicBool::new(false),
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        });
        let watched = Arc::clone(&shared);
        let builder = thread::Builder::new().name("python watchdog".into());
        // Without a thread to spare the worker runs unwatched: a hang is then seen by the user, not by us.
        let thread = builder.spawn(move || watched.watch((limit / TICKS).max(TICK_MIN))).ok();
        Watchdog { shared, thread, limit }
    }

    /// The host begins to wait.
    pub(super) fn arm(&self) {
        self.shared.turn.fetch_or(1, Ordering::Relaxed);
    }

    /// The worker has spoken.
    pub(super) fn disarm(&self) {
        let turn = self.shared.turn.load(Ordering::Relaxed);
        self.shared.turn.store((turn | 1).wrapping_add(1), Ordering::Relaxed);
    }

    /// Whether it had to kill the worker.
    pub(super) fn fired(&self) -> bool {
        self.shared.fired.load(Ordering::Acquire)
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Ends the worker and says how it ended.
    pub(super) fn end(&self) -> String {
        let mut child = self.shared.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stop.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.end();
    }
}

impl Shared {
    fn watch(&self, tick: Duration) {
        let (mut last, mut silent_ticks) = (0, 0);
        loop {
            let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = self.stop.wait_timeout_while(stopped, tick, |stopped| !*stopped);
            if *waited.unwrap_or_else(PoisonError::into_inner).0 {
                return;
            }
            let turn = self.turn.load(Ordering::Relaxed);
            silent_ticks = if turn == last && turn % 2 == 1 { silent_ticks + 1 } else { 0 };
            last = turn;
            if silent_ticks >= TICKS {
                self.fired.store(true, Ordering::Release);
                let _ = self.child.lock().unwrap_or_else(PoisonError::into_inner).kill();
                return;
            }
        }
    }
}
