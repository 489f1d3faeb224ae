use std::fmt;
use std::ops::{Add, Sub};

/// An instant of virtual time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

/// What keeps time for a service fires up to this much late: whatever comes due meanwhile may go first.
pub const TIMER_LATE_MS: u64 = 100;

impl Millis {
    /// When every run begins: 2026-01-01T00:00:00Z, a Thursday.
    pub const START: Millis = Millis(1_767_225_600_000);

    /// Milliseconds since the run began.
    pub fn since_start(self) -> u64 {
        self.0.saturating_sub(Millis::START.0)
    }

    /// ISO 8601 with milliseconds, as Step Functions writes it: `2026-01-01T00:00:00.000Z`.
    pub fn to_iso(self) -> String {
        rehearsal_engine::history::iso(self.0)
    }
}

impl Add<u64> for Millis {
    type Output = Millis;

    fn add(self, ms: u64) -> Millis {
        Millis(self.0.saturating_add(ms))
    }
}

impl Sub for Millis {
    type Output = u64;

    /// Milliseconds between two instants; zero when `earlier` is the later one.
    fn sub(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_iso())
    }
}
