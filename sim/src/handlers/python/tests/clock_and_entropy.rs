//! Time, randomness and ids are the world's.

use rehearsal_engine::{Json, json};

use super::super::super::entropy::Entropy;
use super::support::{Driver, TIMEOUT_MS};
use super::{Answer, Step};
use crate::world::Millis;

#[test]
fn every_clock_shows_virtual_time() {
    let mut host = Driver::of(
        r"
import time, datetime
from datetime import datetime as dt, timezone, timedelta


def handler(event, context):
    begun = time.monotonic(), time.perf_counter_ns()
    shown = [
        time.time(), time.time_ns(), time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), time.localtime().tm_hour,
        time.ctime(), dt.now().isoformat(), dt.utcnow().isoformat(), dt.now(timezone.utc).isoformat(),
        str(datetime.date.today()), repr(dt.today()), str(dt.now(timezone(timedelta(hours=2)))),
    ]
    time.sleep(1.5)
    shown += [dt.now().isoformat(), time.monotonic() - begun[0], time.perf_counter_ns() - begun[1]]
    return shown
",
    );
    host.now_ms = Millis::START.0 + 3_723_004;
    let expected = json!([
        1_767_229_323.004,
        1_767_229_323_004_000_000_u64,
        "2026-01-01T01:02:03Z",
        1,
        "Thu Jan  1 01:02:03 2026",
        "2026-01-01T01:02:03.004000",
        "2026-01-01T01:02:03.004000",
        "2026-01-01T01:02:03.004000+00:00",
        "2026-01-01",
        "datetime.datetime(2026, 1, 1, 1, 2, 3, 4000)",
        "2026-01-01 03:02:03.004000+02:00",
        "2026-01-01T01:02:04.504000",
        1.5,
        1_500_000_000
    ]);
    assert_eq!(host.result(&json!({})), expected);
}

#[test]
fn virtual_dates_pass_for_the_real_ones() {
    let mut host = Driver::of(
        r"
import copy, datetime, json
from datetime import date, datetime as dt


class Mine(dt):
    pass


def handler(event, context):
    now = dt.now()
    return [
        isinstance(now, dt), isinstance(now, date), isinstance(now.date(), date), isinstance(date.today(), dt),
        isinstance(now - datetime.timedelta(1), dt), isinstance(dt.fromisoformat('2026-01-01'), dt),
        dt.strptime('2026-02-03', '%Y-%m-%d').isoformat(), copy.deepcopy(now) == now, dt.min.year,
        issubclass(Mine, dt), isinstance(now, Mine), isinstance(Mine.now(), Mine), type(now).__name__,
        json.dumps(now, default=str), now.date() == date.today(), dt.combine(date.today(), datetime.time(1)).hour,
    ]
",
    );
    let expected = json!([
        true,
        true,
        true,
        false,
        true,
        true,
        "2026-02-03T00:00:00",
        true,
        1,
        true,
        false,
        true,
        "datetime",
        "\"2026-01-01 00:00:00\"",
        true,
        1
    ]);
    assert_eq!(host.result(&json!({})), expected);
}

#[test]
fn a_sleep_is_whole_milliseconds_rounded_up() {
    let mut host = Driver::of("import time\ndef handler(event, context):\n    time.sleep(event)\n");
    for (seconds, ms) in [(2.0, 2000), (2.3, 2300), (0.0004, 1), (0.0, 0), (1.0005, 1001), (4.35, 4350)] {
        let (invocation, step) = host.start(&Json::from(seconds));
        assert_eq!(step, Step::Sleep { ms }, "time.sleep({seconds})");
        host.host.abandon(invocation);
    }
    let failure = host.failure(&json!(-1));
    assert_eq!(failure.get("errorMessage"), Some(&json!("sleep length must be non-negative")));
}

#[test]
fn a_handler_that_spins_on_the_clock_makes_progress() {
    let mut host = Driver::of(
        r"
import time, datetime


def handler(event, context):
    end = time.time() + 0.01
    while time.time() < end:
        pass
    end = datetime.datetime.now() + datetime.timedelta(milliseconds=5)
    while datetime.datetime.now() < end:
        pass
    while context.get_remaining_time_in_millis() > 2900:
        pass
    return context.get_remaining_time_in_millis()
",
    );
    let (invocation, mut step) = host.start(&json!({}));
    let mut slept = 0;
    while let Step::Sleep { ms } = step {
        assert_eq!(ms, 1);
        slept += ms;
        host.now_ms += ms;
        step = host.resume(invocation, Answer::Woke);
    }
    assert_eq!(step, Step::Returned(json!(2900)));
    assert_eq!(slept, TIMEOUT_MS - 2900);
}

#[test]
fn both_hosts_draw_the_same_entropy() {
    let mut host = Driver::of(
        r"
import os, secrets, uuid


def handler(event, context):
    return [str(uuid.uuid4()), os.urandom(5).hex(), secrets.token_hex(16), str(uuid.uuid4())]
",
    );
    // The second invocation's key is 2.
    host.run(&json!({}));
    let ids = host.result(&json!({}));
    let mut native = Entropy::new(2);
    let mut bytes = |size: usize| {
        let mut bytes = vec![0; size];
        native.fill(&mut bytes);
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    };
    let first = bytes(16);
    let (five, sixteen) = (bytes(5), bytes(16));
    let uuid = |place: usize| ids.item(place).and_then(Json::as_str).unwrap_or_default();
    assert_eq!(uuid(0), Entropy::new(2).uuid4());
    assert_eq!(uuid(0)[..8], first[..8]);
    assert_eq!((uuid(1), uuid(2)), (five.as_str(), sixteen.as_str()));
    assert_eq!(uuid(3), native.uuid4());
}

#[test]
fn ids_are_keyed_and_random_objects_without_a_seed_too() {
    let mut host = Driver::of(
        r"
import random, uuid


def handler(event, context):
    return [str(uuid.uuid1()), str(uuid.uuid4()), random.Random().random(), random.SystemRandom().randrange(10**9)]
",
    );
    let first = host.result(&json!({}));
    let second = host.result(&json!({}));
    host.host.reset();
    host.invocations = 0;
    assert_eq!(host.result(&json!({})), first);
    for place in 0..4 {
        assert_ne!(first.item(place), second.item(place));
    }
}

#[test]
fn the_functions_of_random_are_draws_of_the_world() {
    let cases = [
        ("random.random()", 0.25, json!(0.25)),
        ("random.randint(1, 10)", 0.0, json!(1)),
        ("random.randint(1, 10)", 0.999_999_9, json!(10)),
        ("random.choice(['a', 'b', 'c'])", 0.5, json!("b")),
        ("random.uniform(10, 20)", 0.5, json!(15.0)),
        ("random.randrange(0, 100, 5)", 0.31, json!(30)),
        ("random.getrandbits(8)", 0.5, json!(128)),
        ("random.choices(['x', 'y'], weights=[9, 1])[0]", 0.95, json!("y")),
        ("random.random() < 0.9", 0.95, json!(false)),
        ("len(random.randbytes(40))", 0.5, json!(40)),
        ("sorted(random.sample(range(5), 5))", 0.5, json!([0, 1, 2, 3, 4])),
    ];
    for (expression, drawn, expected) in cases {
        let mut host = Driver::of(&format!("import random\ndef handler(event, context):\n    return {expression}\n"));
        let (invocation, mut step) = host.start(&json!({}));
        assert_eq!(step, Step::Random, "{expression} asks the world");
        while step == Step::Random {
            step = host.resume(invocation, Answer::Random(drawn));
        }
        assert_eq!(step, Step::Returned(expected), "{expression} of {drawn}");
    }
}

#[test]
fn a_seed_makes_the_module_deterministic_until_the_environment_ends() {
    let mut host = Driver::of(
        r"
import random


def handler(event, context):
    if event:
        random.seed(42)
    return [random.randint(1, 100), random.Random(42).randint(1, 100)]
",
    );
    // CPython's own first value for the seed 42.
    assert_eq!(host.result(&json!({"seed": true})), json!([82, 82]));
    assert_eq!(host.result(&json!({})).item(1), Some(&json!(82)));
    let (_, step) = host.start_in(0, 1, &json!({})).expect("the host goes on");
    assert_eq!(step, Step::Random, "another environment is not seeded");
}

#[test]
fn a_draw_outside_the_unit_interval_is_refused() {
    let mut host = Driver::of("import random\ndef handler(event, context):\n    return random.random()\n");
    let (invocation, _) = host.start(&json!({}));
    assert!(host.host.resume(invocation, Answer::Random(1.0), 0).is_err());
}
