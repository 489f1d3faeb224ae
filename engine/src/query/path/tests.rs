use super::*;
use crate::json;
use crate::query::tests::around;

fn shop() -> Json {
    json!({
        "name": "shop",
        "open": true,
        "owner": {"first": "Ada", "phones": ["1", "2"], "note": null},
        "stock": [
            {"sku": "pen", "price": 2, "tags": ["blue", "thin"], "size": {"mm": 140}},
            {"sku": "ink", "price": 7.5, "tags": [], "old": true},
            {"sku": "it's", "price": "9", "old": null}
        ],
        "0": "zero",
        "a.b": "dotted",
        "": "empty"
    })
}

/// What the path reads, or its error's text.
fn read(path: &str) -> Result<Json, String> {
    let path = Path::parse(path).map_err(|error| error.to_string())?;
    path.read(&Scope { root: &shop(), surroundings: &around() }).map_err(|error| error.to_string())
}

fn check(cases: &[(&str, Json)]) {
    for (path, value) in cases {
        assert_eq!(read(path).as_ref(), Ok(value), "{path}");
    }
}

fn check_errors(cases: &[(&str, &str)]) {
    for (path, message) in cases {
        assert_eq!(read(path), Err((*message).to_owned()), "{path}");
    }
}

#[test]
fn definite_paths_read_one_value() {
    check(&[
        ("$.name", json!("shop")),
        ("$['name']", json!("shop")),
        ("$.owner.first", json!("Ada")),
        ("$.owner['first']", json!("Ada")),
        ("$.owner.['first']", json!("Ada")),
        ("$.owner.note", json!(null)),
        ("$.stock[1].price", json!(7.5)),
        ("$.stock[ 1 ].price", json!(7.5)),
        ("$.stock.[1].price", json!(7.5)),
        ("$.stock[(@.length-1)].sku", json!("it's")),
        ("$.0", json!("zero")),
        ("$['a.b']", json!("dotted")),
        ("$['']", json!("empty")),
        ("$.name ", json!("shop")),
        ("$['name', 'open', 'missing']", json!({"name": "shop", "open": true})),
    ]);
}

#[test]
fn context_and_variables_are_other_places_to_start_from() {
    check(&[
        ("$$.Execution.Name", json!("run-7")),
        ("$$['State'].RetryCount", json!(2)),
        ("$limit", json!(10)),
        ("$cart.lines[1].sku", json!("b")),
        ("$cart['lines'][*].sku", json!(["a", "b"])),
    ]);
    check_errors(&[
        ("$nothing.x", "the variable '$nothing' has no value"),
        ("$$.Nope", "No results for path: $['Nope']"),
        ("$limit.x", "Property ['x'] not found in path $"),
    ]);
}

#[test]
fn indefinite_paths_read_arrays_even_of_nothing() {
    check(&[
        ("$.stock[*].sku", json!(["pen", "ink", "it's"])),
        ("$.stock[*].tags[0]", json!(["blue"])),
        ("$.stock[*].tags[*]", json!(["blue", "thin"])),
        ("$.stock[*]['sku','old']", json!([{"sku": "pen"}, {"sku": "ink", "old": true}, {"sku": "it's", "old": null}])),
        ("$.owner.*", json!(["Ada", ["1", "2"], null])),
        ("$.name[*]", json!([])),
        ("$.nothing[*]", json!([])),
        ("$.nothing[*].deeper", json!([])),
        ("$.nothing.at.all[0:2]", json!([])),
        ("$.stock[0:2].sku", json!(["pen", "ink"])),
        ("$.stock[1:].sku", json!(["ink", "it's"])),
        ("$.stock[:1].sku", json!(["pen"])),
        ("$.stock[-1:].sku", json!(["it's"])),
        ("$.stock[:-1].sku", json!(["pen", "ink"])),
        ("$.stock[2:1].sku", json!([])),
        ("$.stock[5:].sku", json!([])),
        ("$.stock[0,2].sku", json!(["pen", "it's"])),
        ("$.stock[0:2,1].sku", json!(["pen", "ink"])),
    ]);
}

#[test]
fn a_scan_finds_matches_at_every_depth_in_document_order() {
    check(&[
        ("$..sku", json!(["pen", "ink", "it's"])),
        ("$..mm", json!([140])),
        ("$..phones[1]", json!(["2"])),
        ("$.stock..['sku','old']", json!([{"sku": "ink", "old": true}, {"sku": "it's", "old": null}])),
        ("$.owner..[1]", json!(["2"])),
        ("$..nothing", json!([])),
    ]);
    let all = read("$.owner..*").expect("a wildcard below a scan");
    assert_eq!(all, json!(["Ada", ["1", "2"], null, "1", "2"]));
}

#[test]
fn filters_compare_text_with_the_type_it_meets() {
    for (filter, skus) in [
        ("@.price == 2", json!(["pen"])),
        ("@.price==2.0", json!(["pen"])),
        ("@.price == '9'", json!(["it's"])),
        ("@.price == 9", json!(["it's"])),
        ("@.price != 2", json!(["ink", "it's"])),
        ("@.price > 2 && @.price < 8", json!(["ink"])),
        ("@.price >= 7.5", json!(["ink", "it's"])),
        ("@.price <= 2 || @.old == true", json!(["pen", "ink"])),
        ("@.old", json!(["ink"])),
        ("!@.old", json!(["pen", "it's"])),
        ("@.old == null", json!(["it's"])),
        ("@.size.mm == 140", json!(["pen"])),
        ("@['sku'] == 'ink'", json!(["ink"])),
        ("@.sku == 'it\\'s'", json!(["it's"])),
        ("@.sku =~ /P.N/i", json!(["pen"])),
        ("@.sku =~ /P.N/", json!([])),
        ("@.sku =~ /in/", json!([])),
        ("@.price < $.stock[1].price", json!(["pen"])),
        ("@.tags[0] == 'blue'", json!(["pen"])),
        ("@.nothing == 1", json!([])),
    ] {
        let path = format!("$.stock[?({filter})].sku");
        assert_eq!(read(&path), Ok(skus), "{path}");
    }
}

#[test]
fn filters_apply_to_an_object_itself_too() {
    check(&[
        ("$.owner[?(@.first == 'Ada')].first", json!(["Ada"])),
        ("$.owner[?(@.first == 'Bob')]", json!([])),
        ("$.nothing[?(@.x)]", json!([])),
        ("$..[?(@.mm)]", json!([{"mm": 140}])),
    ]);
}

#[test]
fn parentheses_in_filters_group_nothing() {
    // Read as a || (b && c): the parentheses are stripped like blanks.
    let path = "$.stock[?((@.sku == 'pen' || @.sku == 'ink') && @.old == true)].sku";
    assert_eq!(read(path), Ok(json!(["pen", "ink"])));
}

#[test]
fn paths_that_lead_nowhere_say_where_they_end() {
    check_errors(&[
        ("$.nothing", "No results for path: $['nothing']"),
        ("$.owner.nothing", "No results for path: $['owner']['nothing']"),
        ("$.nothing.x", "Missing property in path $['nothing']"),
        ("$.stock[9].sku", "Index out of bounds when evaluating path $['stock'][9]"),
        ("$.stock[-1]", "Index out of bounds when evaluating path $['stock'][-1]"),
        ("$.stock[0,9]", "Index out of bounds when evaluating path $['stock'][9]"),
        ("$..[1]", "Index out of bounds when evaluating path $['stock'][1]['tags'][1]"),
        ("$.stock[-2:-1]", "Index out of bounds when evaluating path $['stock'][-2]"),
        ("$.name.x", "Property ['x'] not found in path $['name']"),
        ("$.stock.length()", "Property ['length()'] not found in path $['stock']"),
        ("$.stock[?(@.price == 2)].nothing", "No results for path: $['stock'][0]['nothing']"),
        ("$.owner.note[0]", "The path $['owner']['note'] is null"),
    ]);
}

#[test]
fn steps_that_do_not_fit_are_told_from_missing_ones() {
    for (path, message) in [
        (
            "$.owner[0]",
            "Filter: [0] can only be applied to arrays. Current context is: {first=Ada, phones=[1, 2], note=null}",
        ),
        (
            "$.stock[*][1:2].x",
            "Filter: [1:2] can only be applied to arrays. Current context is: {sku=pen, price=2, \
            tags=[blue, thin], size={mm=140}}",
        ),
        ("$['name','open'].x", "Multi properties can only be used as path leafs: $['name', 'open']"),
        ("$.name[?(@.x)]", "Filter: [?] can not be applied to primitives. Current context is: shop"),
        ("$.stock[?(@.price == 'x')]", "'x' cannot be compared with a number"),
    ] {
        let error = Path::parse(path).expect(path).read_from(&shop()).expect_err(path);
        assert!(!error.is_not_found(), "{path}");
        assert_eq!(error.message(), message, "{path}");
    }
    assert!(Path::parse("$.x").expect("a path").read_from(&Json::Null).is_err());
    assert_eq!(Path::parse("$").expect("a path").read_from(&Json::Null), Ok(Json::Null));
}

#[test]
fn texts_that_are_no_paths_are_refused_with_their_place() {
    for (path, at, reason) in [
        ("name", 0, "a path starts with '$', '$$' or '$' and a variable's name"),
        ("", 0, "a path starts with '$', '$$' or '$' and a variable's name"),
        ("$-x", 1, "expected '.' or '[' after what it starts from"),
        ("$limit-x", 6, "expected '.' or '[' after what it starts from"),
        ("$.", 1, "a name is missing after the last '.'"),
        ("$.a..", 5, "a path can not end with a scan ('..')"),
        ("$.a b", 3, "a blank is not allowed outside of brackets"),
        ("$.a['b'", 3, "'['b'' has no closing ']'"),
        ("$.a[\"b\"]", 3, "'[\"b\"]' holds neither a name in single quotes nor an index, '*' or filter"),
        ("$.a[:]", 3, "'' is not an index"),
        ("$.a[99999999999]", 3, "'99999999999' is not an index"),
        ("$.a[?()]", 3, "a filter's condition is empty"),
        ("$.a[?@.b]", 3, "a filter starts with '[?(' and ends with ')]', found '[?@.b]'"),
        ("$.a[?(@.b]", 3, "the brackets of the filter '[?(@.b]' are not balanced"),
        ("$.a[?(@.b[*] == 1)]", 3, "the path '@.b[*]' in a filter is not definite"),
        ("$.a[?(@.b =~ 'x')]", 3, "'=~' in '@.b =~ 'x'' takes a path and a pattern between slashes"),
    ] {
        let error = Path::parse(path).expect_err(path);
        assert_eq!(error.to_string(), format!("'{path}' is not a path: {reason}"));
        assert_eq!(error.at(), at, "{path}");
    }
}

#[test]
fn jayway_itself_knows_neither_context_nor_variables() {
    let read = |path: &str| Path::parse_jayway(path).ok().and_then(|path| path.read_from(&shop()).ok());
    assert_eq!(read("name"), Some(json!("shop")));
    assert_eq!(read("@.name"), Some(json!("shop")));
    assert_eq!(read(" $.name"), Some(json!("shop")));
    for path in ["$$", "$name", ""] {
        assert!(Path::parse_jayway(path).is_err(), "{path}");
    }
}

#[test]
fn hostile_paths_end() {
    assert!(Path::parse(&format!("${}", ".a".repeat(100_000))).is_err());
    assert!(Path::parse(&format!("$[?({}", "(".repeat(100_000))).is_err());
    let wide = Json::from(vec![Json::from(vec![json!(1); 300]); 300]);
    let error = Path::parse("$..*..*..*..*").expect("a path").read_from(&Json::from(vec![wide; 60]));
    assert_eq!(error.map_err(|error| error.to_string()), Err("the path visits more than 5000000 places".to_owned()));
}

#[test]
fn an_error_stands_where_it_is_in_the_text_as_written() {
    for (path, at) in [(" a.b.", 4), ("a[", 1), ("  $.a[?]", 5), ("$x", 1), ("  $x", 3)] {
        assert_eq!(Path::parse_jayway(path).map_err(|error| error.at()).err(), Some(at), "{path}");
    }
}
