//! Paginators, waiters and collections: the same machinery for every service.

use std::cell::Cell;

use rehearsal_engine::{Json, json};

use super::support::Driver;
use super::{Answer, Step};
use crate::services::ApiError;

/// Runs `body` of a handler; calls are answered in turn. Returns the result and the parameters of the calls.
fn run(body: &str, answers: &[Answer]) -> (Step, Vec<String>, u64) {
    let code = format!(
        "import boto3, time\nfrom botocore.exceptions import *\nclient = boto3.client\ndef handler(event, context):\n    {}\n",
        body.replace('\n', "\n    ")
    );
    let mut host = Driver::of(&code);
    let begun = host.now_ms;
    let (at, calls) = (Cell::new(0), std::cell::RefCell::new(Vec::new()));
    let step = host.run_with(0, &json!({}), |step| {
        let Step::Call { operation, parameters, .. } = step else { panic!("a call") };
        calls.borrow_mut().push(format!("{operation} {parameters}"));
        at.set(at.get() + 1);
        answers[at.get() - 1].clone()
    });
    (step, calls.into_inner(), host.now_ms - begun)
}

fn page(items: &[i64], token: Option<&str>) -> Answer {
    let executions: Vec<Json> = items.iter().map(|n| json!({"name": (n.to_string())})).collect();
    let mut members = vec![("executions", Json::from(executions))];
    members.extend(token.map(|token| ("nextToken", Json::from(token))));
    Answer::Response(Json::from_pairs(members))
}

#[test]
fn pages_are_followed_cut_and_resumed() {
    let two = [page(&[1, 2], Some("t")), page(&[3], None)];
    let head = "pages = client('stepfunctions').get_paginator('list_executions').paginate(stateMachineArn='m'";
    let body = format!("{head})\nreturn [[e['name'] for e in page['executions']] for page in pages]");
    let (step, calls, _) = run(&body, &two);
    assert_eq!(step, Step::Returned(json!([["1", "2"], ["3"]])));
    assert_eq!(
        calls,
        [r#"ListExecutions {"stateMachineArn":"m"}"#, r#"ListExecutions {"stateMachineArn":"m","nextToken":"t"}"#]
    );

    let body = format!("{head}, PaginationConfig={{'PageSize': 2}})\nreturn list(pages.search('executions[].name'))");
    let (step, calls, _) = run(&body, &two);
    assert_eq!(step, Step::Returned(json!(["1", "2", "3"])));
    assert_eq!(calls[0], r#"ListExecutions {"stateMachineArn":"m","maxResults":2}"#);

    // Cut in the midst of a page, and gone on with where it was cut.
    let body = "pages = client('stepfunctions').get_paginator('list_executions')\n\
                first = pages.paginate(stateMachineArn='m', PaginationConfig={'MaxItems': 1}).build_full_result()\n\
                config = {'StartingToken': first['NextToken']}\n\
                rest = pages.paginate(stateMachineArn='m', PaginationConfig=config).build_full_result()\n\
                return [[e['name'] for e in part['executions']] for part in (first, rest)]";
    let (step, calls, _) = run(body, &[page(&[1, 2], Some("t")), page(&[1, 2], Some("t")), page(&[3], None)]);
    assert_eq!(step, Step::Returned(json!([["1"], ["2", "3"]])));
    assert_eq!(calls.len(), 3);
}

#[test]
fn what_cannot_be_paged_or_waited_for_is_an_error() {
    for (body, told) in [
        ("client('dynamodb').get_paginator('get_item')", "Operation cannot be paginated: get_item"),
        ("client('sns').get_waiter('topic_exists')", "Waiter does not exist: topic_exists"),
    ] {
        let body = format!(
            "try:\n    {body}\nexcept (OperationNotPageableError, ValueError) as error:\n    return str(error)"
        );
        assert_eq!(run(&body, &[]).0, Step::Returned(json!(told)));
    }
    let body = "c = client('cloudwatch')\nreturn [c.can_paginate('describe_alarms'), c.can_paginate('put_metric_data'), c.waiter_names]";
    let told = json!([true, false, ["alarm_exists", "composite_alarm_exists"]]);
    assert_eq!(run(body, &[]).0, Step::Returned(told));
}

#[test]
fn a_waiter_asks_again_in_virtual_time_until_it_has_what_it_waits_for() {
    let missing = || Answer::Error(ApiError::new("ResourceNotFoundException", "Requested resource not found"));
    let table = |status: &str| Answer::Response(json!({"Table": {"TableStatus": (status)}}));
    let body = "client('dynamodb').get_waiter('table_exists').wait(TableName='T')\nreturn 'there'";
    let (step, calls, took_ms) = run(body, &[missing(), table("CREATING"), table("ACTIVE")]);
    assert_eq!(step, Step::Returned(json!("there")));
    assert_eq!((calls.len(), took_ms), (3, 40_000));
}

#[test]
fn a_waiter_gives_up_with_the_last_answer() {
    let table = || Answer::Response(json!({"Table": {"TableStatus": "CREATING"}}));
    let denied = Answer::Error(ApiError::new("AccessDeniedException", "no"));
    let body = "try:\n    waiter = client('dynamodb').get_waiter('table_exists')\n    waiter.wait(TableName='T', \
                WaiterConfig={'Delay': 1, 'MaxAttempts': 2})\nexcept WaiterError as error:\n    return [str(error), \
                'Table' in error.last_response]";
    let (step, _, took_ms) = run(body, &[table(), table()]);
    assert_eq!(step, Step::Returned(json!(["Waiter TableExists failed: Max attempts exceeded", true])));
    assert_eq!(took_ms, 1000);
    let (step, ..) = run(body, &[denied]);
    let told = "Waiter TableExists failed: An error occurred (AccessDeniedException): no";
    assert_eq!(step, Step::Returned(json!([told, false])));
}

#[test]
fn the_collection_of_tables_asks_when_it_is_iterated() {
    let names = |names: &[&str], last: Option<&str>| {
        let listed: Vec<Json> = names.iter().map(|name| Json::from(*name)).collect();
        let mut members = vec![("TableNames", Json::from(listed))];
        members.extend(last.map(|last| ("LastEvaluatedTableName", Json::from(last))));
        Answer::Response(Json::from_pairs(members))
    };
    let body = "tables = boto3.resource('dynamodb').tables\nreturn [[t.name for t in tables.all()], [t.name for t in tables.limit(1)]]";
    let answers = [names(&["A", "B"], Some("B")), names(&["C"], None), names(&["A", "B"], Some("B"))];
    let (step, calls, _) = run(body, &answers);
    assert_eq!(step, Step::Returned(json!([["A", "B", "C"], ["A"]])));
    assert_eq!(calls[1], r#"ListTables {"ExclusiveStartTableName":"B"}"#);
}

#[test]
fn a_table_loads_its_description_once() {
    let described = Answer::Response(
        json!({"Table": {"TableStatus": "ACTIVE", "ItemCount": 3, "CreationDateTime": 1_767_225_600}}),
    );
    let body = "table = boto3.resource('dynamodb').Table('T')\nreturn [table.table_status, table.item_count, table.creation_date_time.isoformat()]";
    let (step, calls, _) = run(body, &[described]);
    assert_eq!(step, Step::Returned(json!(["ACTIVE", 3, "2026-01-01T00:00:00+00:00"])));
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_call_that_got_no_answer_raises_what_botocore_raises() {
    let lost = Answer::Error(ApiError::new("SdkClientException", "Read timed out").with_status(0));
    let body =
        "try:\n    client('lambda').invoke(FunctionName='f')\nexcept ReadTimeoutError as error:\n    return str(error)";
    let told = "Read timeout on endpoint URL: \"https://lambda.amazonaws.com/\"";
    assert_eq!(run(body, &[lost]).0, Step::Returned(json!(told)));
}
