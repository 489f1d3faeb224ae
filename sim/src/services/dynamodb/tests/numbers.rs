use std::cmp::Ordering;

use proptest::prelude::*;
use rehearsal_engine::{Json, json};

use crate::services::dynamodb::{Decimal, NumberError};

fn number(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[test]
fn numbers_come_back_in_canonical_text() {
    for (written, canonical) in [
        ("0", "0"),
        ("-0.000", "0"),
        ("0e999999999999999999999", "0"),
        ("+3", "3"),
        (".123", "0.123"),
        ("5.", "5"),
        ("0001.230", "1.23"),
        ("1e+5", "100000"),
        ("1.5E-3", "0.0015"),
        ("-12.50", "-12.5"),
        ("1.0", "1"),
        ("100", "100"),
        ("120.050", "120.05"),
        ("1e40", "10000000000000000000000000000000000000000"),
        ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
    ] {
        assert_eq!(number(written).to_string(), canonical, "{written}");
    }
}

#[test]
fn what_is_no_number_is_told_apart() {
    use NumberError::{NotNumeric, Overflow, TooPrecise, Underflow};
    for (written, error) in [
        ("", NotNumeric),
        ("-", NotNumeric),
        (".", NotNumeric),
        (" 1", NotNumeric),
        ("1 ", NotNumeric),
        ("NaN", NotNumeric),
        ("Infinity", NotNumeric),
        ("1e", NotNumeric),
        ("e5", NotNumeric),
        ("1e5.0", NotNumeric),
        ("1.2.3", NotNumeric),
        ("0x10", NotNumeric),
        ("123456789012345678901234567890123456789", TooPrecise),
        ("1.00000000000000000000000000000000000001", TooPrecise),
        ("1e126", Overflow),
        ("-1e126", Overflow),
        ("10e125", Overflow),
        ("1e99999999999999999999", Overflow),
        ("1e-131", Underflow),
        ("0.1e-130", Underflow),
    ] {
        assert_eq!(Decimal::parse(written), Err(error), "{written}");
    }
    for limit in ["9.9999999999999999999999999999999999999e125", "1e-130", "-1e-130"] {
        assert!(Decimal::parse(limit).is_ok(), "{limit}");
    }
}

#[test]
fn sums_are_exact_or_fail() {
    for (left, right, sum) in [
        ("0.1", "0.2", "0.3"),
        ("2", "-2", "0"),
        ("-1", "0.5", "-0.5"),
        ("1e37", "-1", "9999999999999999999999999999999999999"),
        ("1e38", "-1", "99999999999999999999999999999999999999"),
        ("1.8e38", "-90000000000000000000000000000000000001", "89999999999999999999999999999999999999"),
        ("5e-10", "5e-10", "0.000000001"),
        ("1e125", "1e125", &format!("2{}", "0".repeat(125))),
    ] {
        assert_eq!(number(left).checked_add(number(right)), Ok(number(sum)), "{left} + {right}");
    }
    for (left, right) in [("1e50", "1"), ("9e125", "9e125"), ("1e100", "-1e-100")] {
        assert_eq!(number(left).checked_add(number(right)), Err(NumberError::Overflow), "{left} + {right}");
    }
    assert_eq!(number("1").checked_sub(number("0.9")), Ok(number("0.1")));
}

#[test]
fn numbers_compare_by_value() {
    let ascending = ["-1e125", "-10", "-9.5", "-0.01", "0", "1e-130", "0.009", "0.01", "9.5", "10", "1e38", "1e125"];
    for (position, left) in ascending.iter().enumerate() {
        for (other, right) in ascending.iter().enumerate() {
            assert_eq!(number(left).cmp(&number(right)), position.cmp(&other), "{left} {right}");
        }
    }
    assert_eq!(number("1.50").cmp(&number("1.5")), Ordering::Equal);
}

#[test]
fn numbers_become_json_integers_where_they_can() {
    for (written, json) in [
        ("2.0", json!(2)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
        ("999.99", json!(999.99)),
        ("1e30", json!(1e30)),
    ] {
        assert_eq!(number(written).to_json(), json, "{written}");
    }
    let doubles = [0.1, 999.99, 1e-7, 123_456_789.125, -0.5];
    for double in doubles {
        let Json::Number(json) = Json::from(double) else { panic!("{double} is a JSON number") };
        assert_eq!(Decimal::try_from(&json).map(Decimal::to_f64), Ok(double));
    }
}

proptest! {
    #[test]
    fn small_sums_and_comparisons_agree_with_integers(
        left in -1_000_000_i64..1_000_000, right in -1_000_000_i64..1_000_000, scale in 0_u32..6,
    ) {
        let scaled = |value: i64| Decimal::parse(&format!("{value}e-{scale}")).unwrap();
        prop_assert_eq!(scaled(left).checked_add(scaled(right)), Ok(scaled(left + right)));
        prop_assert_eq!(scaled(left).checked_sub(scaled(right)), Ok(scaled(left - right)));
        prop_assert_eq!(scaled(left).cmp(&scaled(right)), left.cmp(&right));
    }

    #[test]
    fn canonical_text_reads_back_as_the_same_number(text in "[-+]?[0-9]{0,30}\\.?[0-9]{0,30}(e-?[0-9]{1,3})?") {
        if let Ok(number) = Decimal::parse(&text) {
            prop_assert_eq!(Decimal::parse(&number.to_string()), Ok(number));
        }
    }
}
