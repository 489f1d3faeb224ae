use super::Request;
use crate::world::Latency;

// Proposals of this project, in the order of what users measure; AWS gives no figures. Nothing depends on them but the
// order of things, and that is open within each spread.
const CLOUDWATCH: Latency = Latency { nominal_ms: 20, spread_ms: 60, tails_ms: [400, 2_500] };
pub(super) const DYNAMODB: Latency = Latency { nominal_ms: 4, spread_ms: 16, tails_ms: [120, 1_500] };
const EVENTS: Latency = Latency { nominal_ms: 15, spread_ms: 45, tails_ms: [300, 2_000] };
const LAMBDA: Latency = Latency { nominal_ms: 20, spread_ms: 80, tails_ms: [400, 2_500] };
const SQS: Latency = Latency { nominal_ms: 10, spread_ms: 40, tails_ms: [250, 2_000] };
const SNS: Latency = Latency { nominal_ms: 15, spread_ms: 45, tails_ms: [300, 2_000] };
const STATES: Latency = Latency { nominal_ms: 25, spread_ms: 75, tails_ms: [400, 3_000] };
const S3: Latency = Latency { nominal_ms: 20, spread_ms: 60, tails_ms: [300, 2_000] };

impl Request {
    /// How long it takes until the request takes effect.
    pub fn latency(&self) -> Latency {
        match self {
            Request::CloudWatch(_) => CLOUDWATCH,
            Request::DynamoDb(_) | Request::Streams(_) => DYNAMODB,
            Request::Events(_) | Request::Rules(_) | Request::Archives(_) => EVENTS,
            Request::Lambda(_) => LAMBDA,
            Request::States(_) => STATES,
            Request::S3(_) => S3,
            Request::Sqs(_) => SQS,
            Request::Sns(_) => SNS,
        }
    }
}
