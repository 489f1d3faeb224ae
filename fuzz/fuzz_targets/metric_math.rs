//! Metric math: a formula is refused or comes to a finite number, or none, in each period; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal::services::cloudwatch::math::{Formula, Sheet, SheetRow};

const PERIODS: usize = 5;

fuzz_target!(|input: (Vec<Option<f64>>, &str, &str)| {
    let (numbers, first, second) = input;
    let metric = SheetRow { id: "m1".into(), formula: None };
    let formula =
        |id: &str, text: &str| Formula::parse(text).map(|formula| SheetRow { id: id.into(), formula: Some(formula) });
    let rows = [formula("e1", first), formula("e2", second)].into_iter().flatten();
    let Ok(sheet) = Sheet::new(std::iter::once(metric).chain(rows).collect()) else { return };
    let finite = |number: &Option<f64>| number.filter(|number| number.is_finite());
    for row in sheet.numbers(PERIODS, 60_000, |_| numbers.iter().take(PERIODS).map(finite).collect()) {
        assert_eq!(row.len(), PERIODS);
        assert!(row.iter().flatten().all(|number| number.is_finite()), "{first} {second}: {row:?}");
    }
});
