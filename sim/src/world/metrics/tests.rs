use super::*;

fn metrics() -> Metrics {
    let mut emitters = Emitters::default();
    emitters.add(Namespace::States, vec!["arn:m1".into()]);
    emitters.add(Namespace::States, vec!["arn:m2".into()]);
    emitters.add(Namespace::Events, vec!["R1".into(), "default".into()]);
    emitters.add(Namespace::Events, vec!["R2".into(), "orders".into()]);
    Metrics::new(emitters, true)
}

fn key(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> MetricKey {
    let dimensions = dimensions.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value)));
    MetricKey::new(namespace, name, dimensions.collect())
}

fn sum(metrics: &Metrics, key: &MetricKey) -> Option<f64> {
    let found = metrics.find(key).expect("a metric that exists");
    Statistic::Sum.of(found.iter().flat_map(|id| metrics.series(*id).points()))
}

#[test]
fn a_metric_is_found_by_its_dimensions_and_summed_over_those_that_are_left_out() {
    let mut metrics = metrics();
    metrics.measure(StatesMetric::ExecutionsFailed.of(1), Millis(70_000), 1.0);
    metrics.measure(EventsMetric::Invocations.of(0), Millis(70_000), 1.0);
    metrics.measure(EventsMetric::Invocations.of(1), Millis(70_000), 2.0);
    for (key, wanted) in [
        (key("AWS/States", "ExecutionsFailed", &[("StateMachineArn", "arn:m2")]), Some(1.0)),
        (key("AWS/States", "ExecutionsFailed", &[("StateMachineArn", "arn:m1")]), None),
        (key("AWS/Events", "Invocations", &[("RuleName", "R1")]), Some(1.0)),
        (key("AWS/Events", "Invocations", &[("RuleName", "R2"), ("EventBusName", "orders")]), Some(2.0)),
        (key("AWS/Events", "Invocations", &[]), Some(3.0)),
        (key("Shop", "Parcels", &[]), None),
    ] {
        assert_eq!(sum(&metrics, &key), wanted, "{key:?}");
    }
}

#[test]
fn what_nothing_emits_is_told_apart() {
    let metrics = metrics();
    let missing = |key| metrics.find(&key).expect_err("nothing emits it");
    let per_rule = |name| key("AWS/Events", name, &[("RuleName", "R1")]);
    assert!(
        matches!(missing(per_rule("SuccessfulInvocations")), Missing::NoSuchMetric { known } if known.contains(&"Invocations"))
    );
    assert_eq!(missing(per_rule("PutEventsLatency")), Missing::NotSimulated);
    assert!(matches!(missing(per_rule("PutEventsEntriesCount")), Missing::Dimensions { known: [[]] }));
    assert_eq!(missing(key("AWS/Events", "Invocations", &[("RuleName", "R9")])), Missing::NoResource);
    assert!(matches!(missing(key("AWS/States", "ExecutionsFailed", &[])), Missing::Dimensions { .. }));
}

#[test]
fn numbers_fall_into_the_minute_they_were_measured_in_whatever_their_order() {
    let mut metrics = metrics();
    let id = metrics.custom(&key("Shop", "Parcels", &[]));
    for (at, value) in [(61_000, 4.0), (119_999, 1.0), (120_000, 7.0), (59_000, 2.0)] {
        metrics.add(id, Millis(at), MINUTE_MS, value, 1.0);
    }
    let points: Vec<_> =
        metrics.series(id).points().iter().map(|point| (point.start.0, point.sum, point.count)).collect();
    assert_eq!(points, [(0, 2.0, 1.0), (60_000, 5.0, 2.0), (120_000, 7.0, 1.0)]);
    let of = |statistic: &str| Statistic::parse(statistic).expect(statistic).of(metrics.series(id).points().iter());
    for (statistic, wanted) in [
        ("SampleCount", 4.0),
        ("Average", 3.5),
        ("Sum", 14.0),
        ("Minimum", 1.0),
        ("Maximum", 7.0),
        ("p50", 2.0),
        ("p75", 4.0),
        ("p99.9", 7.0),
    ] {
        assert_eq!(of(statistic), Some(wanted), "{statistic}");
    }
    assert_eq!(Statistic::parse("p101"), None);
    assert_eq!(Statistic::parse("median"), None);
}

#[test]
fn a_new_run_begins_without_numbers_and_without_its_predecessors_own_metrics() {
    let mut metrics = metrics();
    let declared = key("Shop", "Declared", &[]);
    metrics.declare(&declared).expect("any name will do");
    let id = metrics.custom(&key("Shop", "Parcels", &[]));
    metrics.add(id, Millis(0), MINUTE_MS, 1.0, 1.0);
    metrics.measure(StatesMetric::ExecutionTime.of(0), Millis(0), 5.0);
    assert_eq!(metrics.emitted().count(), 2);
    metrics.reset();
    assert_eq!(metrics.emitted().count(), 0);
    assert_eq!(metrics.find(&key("Shop", "Parcels", &[])), Ok(vec![]));
    assert_eq!(metrics.find(&declared).map(|found| found.len()), Ok(1));
}
