//! Hosts runs with native handlers on madsim, so that `Instant`, `SystemTime` and entropy inside a handler are virtual.
//!
//! The world's loop is the root future of a madsim runtime and polls the handlers' futures itself: the order stays the
//! world's, nothing is spawned. Without the feature `madsim` the same futures are polled with no host.

use crate::world::Millis;

#[cfg(all(feature = "madsim", not(madsim)))]
compile_error!(
    "the feature `madsim` needs the flag `--cfg madsim`: add it to build.rustflags in .cargo/config.toml, as this repository does"
);

/// Runs `run` with everything virtual, keyed by `run_key`.
#[cfg(all(feature = "madsim", madsim))]
pub(crate) fn hosted<R>(run_key: u64, run: impl FnOnce() -> R) -> R {
    let runtime = madsim::runtime::Runtime::with_seed_and_config(run_key, madsim::Config::default());
    runtime.block_on(async { run() })
}

/// Runs `run`.
#[cfg(not(all(feature = "madsim", madsim)))]
pub(crate) fn hosted<R>(_run_key: u64, run: impl FnOnce() -> R) -> R {
    run()
}

/// Moves the host's clock to the world's time, before a handler looks at it.
#[cfg(all(feature = "madsim", madsim))]
pub(crate) fn follow_clock(now: Millis) {
    let Some(time) = madsim::time::TimeHandle::try_current() else { return };
    let target = std::time::UNIX_EPOCH + std::time::Duration::from_millis(now.0);
    // The host begins some time in 2022, every run of the world later: the clock only ever moves on.
    if let Ok(ahead) = target.duration_since(time.now_time())
        && !ahead.is_zero()
    {
        time.advance(ahead);
    }
}

/// Moves the host's clock to the world's time: there is no host.
#[cfg(not(all(feature = "madsim", madsim)))]
pub(crate) fn follow_clock(_now: Millis) {}
