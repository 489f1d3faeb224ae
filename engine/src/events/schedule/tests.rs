use super::*;
use crate::events::envelope::{Event, time_text};
use crate::json;

fn ms(time: &str) -> u64 {
    let event = json!({"id": "", "detail-type": "", "source": "", "account": "", "region": "", "time": (time)});
    Event::from_json(&event).expect("a time").time_ms
}

fn next(expression: &str, after: &str) -> String {
    let schedule = Schedule::parse(expression).expect("a schedule");
    schedule.next_after(ms(after)).map_or_else(|| "never".to_owned(), |at| time_text(at).to_string())
}

#[test]
fn expressions_that_aws_refuses_are_refused() {
    let refused = [
        "",
        "rate(5)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(2 minute)",
        "rate(5 seconds)",
        "rate(5 Minutes)",
        "rate(+5 minutes)",
        "rate( 5 minutes)",
        "rate (5 minutes)",
        " rate(5 minutes)",
        "rate(5  minutes)",
        "rate(99999999999999999999 days)",
        "rate(99999999999999999 days)",
        "cron(0 12 * * *)",
        "cron(0 12 * * ? * *)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 12 0 * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 * 13 ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * MO *)",
        "cron(0 12 ? * MON#6 *)",
        "cron(0 12 LL * ? *)",
        "cron(0 12 * * ? 2200)",
        "cron(0/0 12 * * ? *)",
        "cron(, 12 * * ? *)",
        "cron(5- 12 * * ? *)",
        "at(2026-01-01T00:00:00)",
    ];
    for expression in refused {
        assert_eq!(Schedule::parse(expression), Err(InvalidSchedule), "{expression}");
    }
    assert_eq!(InvalidSchedule.to_string(), "Parameter ScheduleExpression is not valid.");
}

#[test]
fn a_rate_counts_from_the_last_time() {
    assert_eq!(next("rate(1 minute)", "2026-01-01T00:00:30Z"), "2026-01-01T00:01:30Z");
    assert_eq!(next("rate(6 hours)", "2026-01-01T20:00:00Z"), "2026-01-02T02:00:00Z");
    assert_eq!(next("rate(30 days)", "2026-01-01T00:00:00Z"), "2026-01-31T00:00:00Z");
    assert_eq!(Schedule::parse("rate(1 day)").expect("a rate").next_after(u64::MAX), None);
}

#[test]
fn cron_finds_the_next_minute_of_every_field() {
    let cases = [
        ("cron(* * * * ? *)", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("cron(* * * * ? *)", "2026-01-01T00:00:59Z", "2026-01-01T00:01:00Z"),
        ("cron(30 8 * * ? *)", "2026-01-01T08:30:00Z", "2026-01-02T08:30:00Z"),
        ("cron(10,20 8-9 * * ? *)", "2026-01-01T08:20:00Z", "2026-01-01T09:10:00Z"),
        ("cron(0/25 * * * ? *)", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"),
        ("cron(10-40/15 * * * ? *)", "2026-01-01T00:11:00Z", "2026-01-01T00:25:00Z"),
        ("cron(*/20 22-1 * * ? *)", "2026-01-01T23:40:00Z", "2026-01-02T00:00:00Z"),
        ("cron(0 0 31 * ? *)", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("cron(0 0 1 JAN,jul ? *)", "2026-01-02T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("cron(0 0 1 1 ? 2030-2040/5)", "2031-01-01T00:00:00Z", "2035-01-01T00:00:00Z"),
        ("cron(0 0 1 1 ? 2020-2025)", "2026-01-01T00:00:00Z", "never"),
        ("cron(0 0 31 2 ? *)", "2026-01-01T00:00:00Z", "never"),
        ("cron(59 23 31 12 ? *)", "2199-12-31T23:59:00Z", "never"),
    ];
    for (expression, after, expected) in cases {
        assert_eq!(next(expression, after), expected, "{expression} after {after}");
    }
}

#[test]
fn weekday_wildcards_follow_the_calendar() {
    // August 2026 starts on a Saturday and ends on a Monday; May 2026 ends on a Sunday.
    let cases = [
        ("cron(0 9 ? * MON-FRI *)", "2026-08-01T00:00:00Z", "2026-08-03T09:00:00Z"),
        ("cron(0 9 ? * FRI-SUN *)", "2026-08-03T10:00:00Z", "2026-08-07T09:00:00Z"),
        ("cron(0 9 ? * 1 *)", "2026-08-01T00:00:00Z", "2026-08-02T09:00:00Z"),
        ("cron(0 9 ? * L *)", "2026-08-02T00:00:00Z", "2026-08-08T09:00:00Z"),
        ("cron(0 9 ? * 6L *)", "2026-08-01T00:00:00Z", "2026-08-28T09:00:00Z"),
        ("cron(0 9 ? * FRIL *)", "2026-08-29T00:00:00Z", "2026-09-25T09:00:00Z"),
        ("cron(0 9 ? * TUE#1 *)", "2026-08-01T00:00:00Z", "2026-08-04T09:00:00Z"),
        ("cron(0 9 ? * 2#5 *)", "2026-08-01T00:00:00Z", "2026-08-31T09:00:00Z"),
        ("cron(0 9 ? * 2#5 *)", "2026-09-01T00:00:00Z", "2026-11-30T09:00:00Z"),
        ("cron(0 9 1W * ? *)", "2026-08-01T00:00:00Z", "2026-08-03T09:00:00Z"),
        ("cron(0 9 15W * ? *)", "2026-08-01T00:00:00Z", "2026-08-14T09:00:00Z"),
        ("cron(0 9 16W * ? *)", "2026-08-01T00:00:00Z", "2026-08-17T09:00:00Z"),
        ("cron(0 9 31W 5 ? *)", "2026-01-01T00:00:00Z", "2026-05-29T09:00:00Z"),
        ("cron(0 9 LW 5 ? *)", "2026-01-01T00:00:00Z", "2026-05-29T09:00:00Z"),
        ("cron(0 9 31W * ? *)", "2026-06-01T00:00:00Z", "2026-07-31T09:00:00Z"),
    ];
    for (expression, after, expected) in cases {
        assert_eq!(next(expression, after), expected, "{expression} after {after}");
    }
}
