use std::sync::Arc;

use rehearsal_engine::Json;

use super::Identity;
use crate::template::MappedText;

/// An `AWS::CloudWatch::Alarm`, its properties by the names of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Names and place.
    pub identity: Identity,
    /// `Namespace`, `MetricName`, `Dimensions`, `Statistic`, `Period`, `Threshold`, …, resolved.
    pub properties: Json,
}

/// An `AWS::CloudWatch::CompositeAlarm`.
#[derive(Clone, Debug, PartialEq)]
pub struct CompositeAlarm {
    /// Names and place.
    pub identity: Identity,
    /// `AlarmRule`
    pub rule: Arc<str>,
    /// `AlarmActions`, `ActionsEnabled`, …, resolved.
    pub properties: Json,
}

/// An `AWS::CloudWatch::Dashboard`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dashboard {
    /// Names and place.
    pub identity: Identity,
    /// `DashboardBody`: JSON text.
    pub body: MappedText,
}
