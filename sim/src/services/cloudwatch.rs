//! CloudWatch: alarms over what the services measured, the metric API of handlers, and dashboards.
//!
//! The numbers themselves are in `world::metrics`, where every service can leave them. Here they are judged and read.
//! An alarm is looked at when a number came, and again whenever a number moves from one of its periods to the next;
//! while nothing happens it sleeps. What an alarm does, it asks for through the world's queue, like anyone else.

mod alarm;
mod api;
mod composite;
pub mod dashboard;
pub mod math;
mod notify;
mod read;
mod service;

pub use alarm::{Action, Alarm, AlarmState, Comparison, Judged, Math, MathMetric, MetricAlarm, Treatment, Verdict};
pub use api::{DataQuery, DataRequest, PutMetricData, Request, StatisticsQuery};
pub use composite::Rule;
pub use service::{AlarmRecord, CloudWatch, Transition};
