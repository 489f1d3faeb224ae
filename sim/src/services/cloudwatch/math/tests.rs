use super::*;

const PERIODS: usize = 4;
const PERIOD_MS: u64 = 60_000;

/// Metrics `m1` (1, 2, none, 4), `m2` (10, none, none, 20) and `m3` (none), and the formula.
fn sheet(formula: &str) -> Result<Sheet, String> {
    let metric = |id: &str| SheetRow { id: id.into(), formula: None };
    let formula = SheetRow { id: "e1".into(), formula: Some(Formula::parse(formula)?) };
    Sheet::new(vec![metric("m1"), metric("m2"), metric("m3"), formula])
}

fn numbers(sheet: &Sheet) -> Vec<Numbers> {
    sheet.numbers(PERIODS, PERIOD_MS, |at| match at {
        0 => vec![Some(1.0), Some(2.0), None, Some(4.0)],
        1 => vec![Some(10.0), None, None, Some(20.0)],
        _ => Vec::new(),
    })
}

/// What a formula comes to, a hyphen for no number.
fn drawn(formula: &str) -> String {
    let sheet = sheet(formula).unwrap_or_else(|error| panic!("{formula}: {error}"));
    let all = numbers(&sheet);
    let texts = all[3].iter().map(|number| number.map_or("-".to_owned(), |number| number.to_string()));
    texts.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_formula_comes_to_a_number_a_period_where_its_metrics_have_some() {
    for (formula, wanted) in [
        ("m1", "1 2 - 4"),
        ("m1 + m2", "11 - - 24"),
        ("m1 + 1 * 2", "3 4 - 6"),
        ("(m1 + 1) * 2", "4 6 - 10"),
        ("10 - 2 - 3", "5 5 5 5"),
        ("-m1", "-1 -2 - -4"),
        ("-m1 ^ 2", "-1 -4 - -16"),
        ("m1 ^ -1", "1 0.5 - 0.25"),
        ("m1 ^ 0.5", "- - - -"),
        ("m1 / 0", "- - - -"),
        ("100 * m1 / m2", "10 - - 20"),
        (".5e1 + 1E+1", "15 15 15 15"),
        ("m1 > 1", "0 1 - 1"),
        ("m1 >= 2 AND m2 == 20 || m1 != 2", "1 - - 1"),
        ("m1 < 2 && 1 OR 0", "1 0 - 0"),
        ("SUM(m1)", "7 7 7 7"),
        ("AVG([m1, m2])", "5.5 2 - 12"),
        ("SUM(METRICS())", "11 2 - 24"),
        ("MAX(METRICS('m2'))", "10 - - 20"),
        ("MIN(m1) + MAX(m1)", "5 5 5 5"),
        ("m1 - AVG(m2)", "-14 -13 - -11"),
        ("METRIC_COUNT(METRICS()) + DATAPOINT_COUNT(m1)", "6 6 6 6"),
        ("ABS(m1 - 3)", "2 1 - 1"),
        ("CEIL(m1 / 2) + FLOOR(m1 / 2)", "1 2 - 4"),
        ("FILL(m1, 0)", "1 2 0 4"),
        ("FILL(m1, REPEAT)", "1 2 2 4"),
        ("FILL(m2, LINEAR)", "10 13.333333333333334 16.666666666666668 20"),
        ("FILL(m3, m1)", "1 2 - 4"),
        ("FILL(m3, LINEAR)", "- - - -"),
        ("IF(m1 > 1, m1, 0)", "0 2 - 4"),
        ("IF(m1 > 1, 5)", "- 5 - 5"),
        ("IF(FILL(m2, 0) == 0, 1, m1 * 2)", "2 1 1 8"),
        ("DIFF(m1)", "- 1 - 2"),
        ("DIFF_TIME(m1)", "- 60 - 120"),
        ("RATE(m1) * PERIOD(m1)", "- 1 - 1"),
        ("RUNNING_SUM(m1)", "1 3 - 7"),
        ("SUM(METRICS() * 2)", "22 4 - 48"),
    ] {
        assert_eq!(drawn(formula), wanted, "{formula}");
    }
}

#[test]
fn what_is_no_formula_is_refused_with_a_reason() {
    for (formula, wanted) in [
        ("", "the formula ends where a number"),
        ("m1 +", "the formula ends where a number"),
        ("(m1", "ends where a closing parenthesis"),
        ("m1 m2", "'m2' follows where"),
        ("M1", "'M1' is neither an id"),
        ("m9", "names 'm9', which is not there"),
        ("e1 + 1", "the formula of 'e1' depends on itself"),
        ("LOG(m1)", "the function LOG is not simulated"),
        ("SUM(m1, m2)", "SUM takes 1 arguments and has 2"),
        ("IF(m1)", "IF takes 2 or 3 arguments and has 1"),
        ("SUM(REPEAT)", "words of FILL"),
        ("METRICS('m)", "a text is not closed"),
        ("1.2.3", "'1.2.3' is no number"),
        ("[m1, ", "the formula ends where a number"),
        (&"(".repeat(2_000), "nested deeper"),
        (&"-".repeat(2_000), "nested deeper"),
        (&"1+".repeat(1_000), "more than 256 operators"),
        (&"1".repeat(3_000), "at most 2048"),
    ] {
        let error = sheet(formula).expect_err(wanted);
        assert!(error.contains(wanted), "{formula}: {error}");
    }
}

#[test]
fn formulas_may_name_each_other_in_any_order_but_not_in_a_circle() {
    let row = |id: &str, formula: &str| SheetRow { id: id.into(), formula: Formula::parse(formula).ok() };
    let sheet = Sheet::new(vec![row("a", "b * 2"), row("b", "c + 1"), row("c", "3")]).expect("a sheet");
    assert_eq!(sheet.numbers(1, PERIOD_MS, |_| Vec::new()), [[Some(8.0)], [Some(4.0)], [Some(3.0)]]);
    let error = Sheet::new(vec![row("a", "b"), row("b", "a")]).expect_err("a circle");
    assert_eq!(error, "the formula of 'a' depends on itself");
    let error = Sheet::new(vec![row("a", "1"), row("a", "2")]).expect_err("two of them");
    assert_eq!(error, "two rows have the id 'a'");
}

/// Formulas drawn from their grammar, and texts that are nearly some.
#[test]
fn every_drawn_formula_is_refused_or_comes_to_finite_numbers_in_each_period() {
    use arbitrary::{Arbitrary as _, Unstructured};
    const WORDS: &[&str] = &[
        "m1",
        "m2",
        "m3",
        "1",
        "0",
        "2.5e3",
        "(",
        ")",
        "[",
        "]",
        ",",
        "+",
        "-",
        "*",
        "/",
        "^",
        "<",
        ">=",
        "==",
        "AND",
        "||",
        "SUM(",
        "AVG(",
        "FILL(",
        "REPEAT",
        "LINEAR",
        "IF(",
        "RATE(",
        "METRICS()",
        "METRICS('m')",
        "DIFF(",
        "MIN(",
        "é",
    ];
    let mut evaluated = 0;
    for seed in 0..20_000_u64 {
        let bytes: Vec<u8> = (0..8_u64).flat_map(|at| crate::world::mix(seed, at).to_le_bytes()).collect();
        let mut drawn = Unstructured::new(&bytes);
        let length = usize::arbitrary(&mut drawn).unwrap_or(1) % 12 + 1;
        let words = (0..length).filter_map(|_| drawn.choose(WORDS).ok().copied());
        let text = words.collect::<Vec<_>>().join(" ");
        let Ok(sheet) = sheet(&text) else { continue };
        evaluated += 1;
        for row in numbers(&sheet) {
            assert_eq!(row.len(), PERIODS, "{text}");
            assert!(row.iter().flatten().all(|number| number.is_finite()), "{text}: {row:?}");
        }
    }
    assert!(evaluated > 500, "only {evaluated} drawn formulas could be read");
}
