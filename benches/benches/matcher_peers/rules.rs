//! The rules of each row: five that suit the parcels, and sets of any size for the envelopes.

use rehearsal_engine::events::{Pattern, RuleMatcher};

use super::events::{DETAIL_TYPES, EXTENSIONS, STATUSES};

/// Rules of one row.
pub struct Rules {
    pub name: String,
    /// Each as the ways through its `$or`; a peer without `$or` gets one pattern per way under the rule's number.
    pub patterns: Vec<Vec<String>>,
}

impl Rules {
    /// A matcher that knows each rule by its number.
    pub fn matcher(&self) -> RuleMatcher<u32> {
        let mut matcher = RuleMatcher::new();
        for (key, ways) in self.patterns.iter().enumerate() {
            let text = match &ways[..] {
                [only] => only.clone(),
                several => format!(r#"{{"$or":[{}]}}"#, several.join(",")),
            };
            let pattern = Pattern::parse(&text).unwrap_or_else(|rejection| panic!("{text}: {rejection}"));
            matcher.add(key as u32, &pattern);
        }
        matcher
    }
}

/// Rows on parcels.
pub fn of_parcels() -> Vec<Rules> {
    let at = |path: &str, entries: [&str; 5]| -> Vec<String> {
        entries.iter().map(|entry| format!(r#"{{"properties":{{"{path}":[{entry}]}}}}"#)).collect()
    };
    let row = |name: &str, patterns: Vec<String>| Rules {
        name: name.to_owned(),
        patterns: patterns.into_iter().map(|pattern| vec![pattern]).collect(),
    };
    let operator = |operator: &str, operands: [&str; 5]| -> Vec<String> {
        at("STREET", operands.map(|operand| format!(r#"{{"{operator}":{operand}}}"#)).each_ref().map(String::as_str))
    };
    let geometry = |paths: [(&str, &str); 5]| -> Vec<String> {
        paths.iter().map(|(head, tail)| format!(r#"{{"geometry":{{{head}{tail}}}}}"#)).collect()
    };
    let (x, y) = ("-122.42916360922355", "37.729900216217324");
    let numeric = |below: &str| {
        [
            (r#""type":["Polygon"],"#, format!(r#""{below}":{{"x":[{{"numeric":["=",{x}]}}]}}"#)),
            (r#""type":["MultiPolygon"],"#, format!(r#""{below}":{{"y":[{{"numeric":["=",{y}]}}]}}"#)),
            ("", format!(r#""{below}":{{"x":[{{"numeric":["<",-122.41600944012424]}}]}}"#)),
            ("", format!(r#""{below}":{{"x":[{{"numeric":[">",-122.41600944012424]}}]}}"#)),
            ("", format!(r#""{below}":{{"x":[{{"numeric":[">",-122.46471267081272,"<",-122.4063085128395]}}]}}"#)),
        ]
    };
    let numeric_at = |below: &str| {
        let written = numeric(below);
        geometry(written.each_ref().map(|(head, tail)| (*head, tail.as_str())))
    };
    vec![
        row(
            "exact",
            at("MAPBLKLOT", [r#""1430022""#, r#""2607117""#, r#""2607218""#, r#""3745012""#, r#""VACSTWIL""#]),
        ),
        row("prefix", operator("prefix", [r#""AC""#, r#""BL""#, r#""DR""#, r#""FU""#, r#""RH""#])),
        row("suffix", operator("suffix", [r#""ON""#, r#""KE""#, r#""MM""#, r#""ING""#, r#""GO""#])),
        row(
            "ignore-case",
            operator(
                "equals-ignore-case",
                [r#""jefferson""#, r#""bEaCh""#, r#""HyDe""#, r#""CHESTNUT""#, r#""clayton""#],
            ),
        ),
        row(
            "wildcard",
            at(
                "MAPBLKLOT",
                [
                    r#"{"wildcard":"143*"}"#,
                    r#"{"wildcard":"2*0*1*7"}"#,
                    r#"{"wildcard":"*218"}"#,
                    r#"{"wildcard":"3*5*2"}"#,
                    r#"{"wildcard":"VA*IL"}"#,
                ],
            ),
        ),
        row("numeric", numeric_at("firstCoordinates")),
        row("anything-but", {
            let mut rules = operator("anything-but", [r#"["FULTON"]"#, r#"["MASON"]"#, r#"["HYDE"]"#, "[]", "[]"]);
            rules.truncate(3);
            rules.push(r#"{"properties":{"ST_TYPE":[{"anything-but":["ST"]}]}}"#.to_owned());
            rules.push(r#"{"geometry":{"type":[{"anything-but":["Polygon"]}]}}"#.to_owned());
            rules
        }),
        row("complex arrays", numeric_at("coordinates")),
    ]
}

/// Rows on envelopes: name, sizes, and rule number n of a size.
pub fn of_envelopes() -> Vec<Rules> {
    type Rule = fn(usize, usize) -> Vec<String>;
    let families: [(&str, &[usize], Rule); 7] = [
        ("exact", &[100, 1_000, 10_000, 100_000], |n, _| vec![format!(r#"{{"detail":{{"orderId":["ord-{n:06}"]}}}}"#)]),
        ("four fields", &[100, 1_000, 10_000, 100_000], four_fields),
        ("mixed", &[100, 1_000, 10_000], mixed),
        ("wildcard", &[100, 1_000, 10_000], |n, _| {
            let extension = EXTENSIONS[n % 7];
            vec![at_key(&format!(r#"{{"wildcard":"data/*/t{n:06}/*.{extension}"}}"#))]
        }),
        ("wildcard infix", &[100, 1_000], |n, _| vec![at_key(&format!(r#"{{"wildcard":"*t{n:06}*"}}"#))]),
        ("numeric", &[100, 10_000], |n, of| {
            let width = 10_000.0 / of as f64;
            let (low, high) = (n as f64 * width, (n + 2) as f64 * width);
            vec![format!(r#"{{"detail":{{"amount":[{{"numeric":[">=",{low:?},"<",{high:?}]}}]}}}}"#)]
        }),
        ("$or with cidr", &[100, 10_000], |n, _| {
            let source = n % 20;
            let (third, second) = (n % 256, n / 256 % 256);
            vec![
                format!(r#"{{"source":["app.svc{source}"],"detail":{{"tenant":["t{n:06}"]}}}}"#),
                format!(
                    r#"{{"source":["app.svc{source}"],"detail":{{"sourceIPAddress":[{{"cidr":"10.{second}.{third}.0/24"}}]}}}}"#
                ),
            ]
        }),
    ];
    let mut rows = Vec::new();
    for (name, sizes, rule) in families {
        for &of in sizes {
            let name = format!("{name} {}", if of < 1_000 { of.to_string() } else { format!("{}k", of / 1_000) });
            rows.push(Rules { name, patterns: (0..of).map(|n| rule(n, of)).collect() });
        }
    }
    rows
}

fn at_key(entry: &str) -> String {
    format!(r#"{{"detail":{{"object":{{"key":[{entry}]}}}}}}"#)
}

fn four_fields(n: usize, _: usize) -> Vec<String> {
    vec![format!(
        r#"{{"source":["app.svc{}"],"detail-type":["{}"],"detail":{{"tenant":["t{n:06}"],"status":["{}","{}"]}}}}"#,
        n % 20,
        DETAIL_TYPES[n % 20 % 4],
        STATUSES[n % 6],
        STATUSES[(n + 1) % 6]
    )]
}

/// Ten shapes of rules in turn, most of them with an exact tenant.
fn mixed(n: usize, _: usize) -> Vec<String> {
    let turn = n / 10;
    let (status, extension) = (STATUSES[n % 6], EXTENSIONS[turn % 7]);
    let more = match n % 10 {
        0..=2 => format!(r#""status":["{status}"]"#),
        3 => format!(r#""object":{{"key":[{{"prefix":"data/{}/"}}]}}"#, char::from(b'a' + (turn % 8) as u8)),
        4 => format!(r#""object":{{"key":[{{"suffix":".{extension}"}}]}}"#),
        5 => format!(r#""object":{{"key":[{{"wildcard":"data/*/t{n:06}/*.{extension}"}}]}}"#),
        6 => format!(r#""status":[{{"anything-but":["{}","{}"]}}]"#, STATUSES[turn % 6], STATUSES[(turn + 2) % 6]),
        7 => format!(r#""amount":[{{"numeric":[">",{},"<=",{}]}}]"#, turn % 90 * 100, turn % 90 * 100 + 1_000),
        8 => format!(r#""error":{{"code":[{{"exists":{}}}]}}"#, turn.is_multiple_of(2)),
        _ => format!(r#""user":{{"groups":["admin","ops"],"name":[{{"equals-ignore-case":"USER{}"}}]}}"#, turn % 2000),
    };
    let tenant = if n % 10 == 5 { String::new() } else { format!(r#""tenant":["t{n:06}"],"#) };
    vec![format!(r#"{{"source":["app.svc{}"],"detail":{{{tenant}{more}}}}}"#, n % 20)]
}
