//! The simulated AWS services, one folder each, and the words they speak: requests, answers and errors.
//!
//! A service knows the world's [`Core`](crate::world::Core) and the engine, never another service: it reaches another
//! only by sending a [`Request`] through the world's queue.

mod attributes;
pub mod cloudwatch;
pub mod dynamodb;
mod error;
pub mod eventbridge;
pub mod lambda;
mod latency;
pub mod s3;
pub mod scheduler;
pub mod sns;
pub mod sqs;
pub mod stepfunctions;

use rehearsal_engine::Json;

use crate::world::Name;

pub use attributes::MessageAttribute;
pub use error::ApiError;

/// What a service answers.
pub type Answer = Result<Response, ApiError>;

/// A request to a service.
#[derive(Clone, Debug)]
pub enum Request {
    /// A request to CloudWatch.
    CloudWatch(Box<cloudwatch::Request>),
    /// A data-plane request to DynamoDB.
    DynamoDb(Box<dynamodb::Request>),
    /// Events for a bus.
    Events(Box<eventbridge::PutEvents>),
    /// A request about rules.
    Rules(Box<eventbridge::RuleRequest>),
    /// A request about an archive of a bus.
    Archives(Box<eventbridge::ArchiveRequest>),
    /// An invocation of a function.
    Lambda(Box<lambda::Invoke>),
    /// A request to Step Functions.
    States(Box<stepfunctions::Request>),
    /// A read of a table's stream.
    Streams(Box<dynamodb::GetRecords>),
    /// A request to S3.
    S3(Box<s3::Request>),
    /// A request to SQS.
    Sqs(Box<sqs::Request>),
    /// A request to SNS.
    Sns(Box<sns::Request>),
}

/// A successful answer of a service.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// Of CloudWatch, or about replays, as the API's JSON.
    Api(Json),
    /// Of DynamoDB.
    DynamoDb(dynamodb::Response),
    /// Of `PutEvents`.
    Events(eventbridge::PutEventsResponse),
    /// Of `Invoke`.
    Lambda(lambda::InvokeResponse),
    /// Of Step Functions, as the API's JSON.
    States(Json),
    /// Of a table's stream.
    Streams(dynamodb::Records),
    /// Of S3, as the API's JSON.
    S3(Json),
    /// Of SQS.
    Sqs(sqs::Response),
    /// Of SNS.
    Sns(sns::PublishResponse),
}

impl Request {
    /// Reads an API call as an SDK makes it: service and operation in AWS's own names, parameters in the API's JSON.
    pub fn parse(service: &str, operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        match service {
            "cloudwatch" => Ok(Request::CloudWatch(Box::new(cloudwatch::Request::parse(operation, parameters)?))),
            "dynamodb" => Ok(Request::DynamoDb(Box::new(dynamodb::Request::parse(operation, parameters)?))),
            "events" if eventbridge::ArchiveRequest::is_one(operation) => {
                Ok(Request::Archives(Box::new(eventbridge::ArchiveRequest::parse(operation, parameters)?)))
            }
            "events" if let Some(request) = eventbridge::RuleRequest::parse(operation, parameters) => {
                Ok(Request::Rules(Box::new(request?)))
            }
            "events" => Ok(Request::Events(Box::new(eventbridge::PutEvents::parse(operation, parameters)?))),
            "lambda" => Ok(Request::Lambda(Box::new(lambda::Invoke::parse(operation, parameters)?))),
            "stepfunctions" | "sfn" | "states" => {
                Ok(Request::States(Box::new(stepfunctions::Request::parse(operation, parameters)?)))
            }
            "s3" => Ok(Request::S3(Box::new(s3::Request::parse(operation, parameters)?))),
            "sqs" => Ok(Request::Sqs(Box::new(sqs::Request::parse(operation, parameters)?))),
            "sns" => Ok(Request::Sns(Box::new(sns::Request::parse(operation, parameters)?))),
            _ => Err(ApiError::not_simulated(service, operation)),
        }
    }

    /// The operation for sites, permissions and traces: `dynamodb:PutItem`.
    pub fn operation(&self) -> Name {
        match self {
            Request::CloudWatch(request) => request.operation(),
            Request::DynamoDb(request) => dynamodb_operation(request),
            Request::Events(_) => Name::EVENTS_PUT_EVENTS,
            Request::Rules(request) => request.operation(),
            Request::Archives(request) => request.operation(),
            Request::Lambda(_) => Name::LAMBDA_INVOKE,
            Request::States(request) => request.operation(),
            Request::Streams(_) => Name::STREAMS_GET_RECORDS,
            Request::S3(request) => request.operation(),
            Request::Sqs(request) => request.operation(),
            Request::Sns(request) => request.operation(),
        }
    }
}

impl Response {
    /// The answer as the API's JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Response::DynamoDb(response) => response.to_json(),
            Response::Events(response) => response.to_json(),
            Response::Lambda(response) => response.to_json(),
            Response::States(response) | Response::S3(response) | Response::Api(response) => response.clone(),
            Response::Streams(read) => {
                let records: Vec<Json> = read.records.iter().map(|record| record.json.clone()).collect();
                Json::from_pairs([("Records", Json::from(records))])
            }
            Response::Sqs(response) => response.to_json(),
            Response::Sns(response) => response.to_json(),
        }
    }
}

fn dynamodb_operation(request: &dynamodb::Request) -> Name {
    match request {
        dynamodb::Request::GetItem(_) => Name::DYNAMODB_GET_ITEM,
        dynamodb::Request::PutItem(_) => Name::DYNAMODB_PUT_ITEM,
        dynamodb::Request::UpdateItem(_) => Name::DYNAMODB_UPDATE_ITEM,
        dynamodb::Request::DeleteItem(_) => Name::DYNAMODB_DELETE_ITEM,
        dynamodb::Request::Query(_) => Name::DYNAMODB_QUERY,
        dynamodb::Request::Scan(_) => Name::DYNAMODB_SCAN,
        dynamodb::Request::TransactWriteItems(_) => Name::DYNAMODB_TRANSACT_WRITE_ITEMS,
        dynamodb::Request::TransactGetItems(_) => Name::DYNAMODB_TRANSACT_GET_ITEMS,
        dynamodb::Request::BatchGetItem(_) => Name::DYNAMODB_BATCH_GET_ITEM,
        dynamodb::Request::BatchWriteItem(_) => Name::DYNAMODB_BATCH_WRITE_ITEM,
        dynamodb::Request::Describe(_) => Name::DYNAMODB_DESCRIBE,
        dynamodb::Request::UpdateTimeToLive(_) => Name::DYNAMODB_UPDATE_TIME_TO_LIVE,
    }
}
