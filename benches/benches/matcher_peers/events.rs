//! Two kinds of events: parcels of a town, as the peers measure themselves on (small properties first, then geometry
//! with many coordinates), and envelopes as EventBridge delivers them, of about 890 bytes.

use std::fmt::Write as _;

use super::draws::Draws;

/// Ids that occur in envelopes; half of these come from the first hundred.
const IDS: u64 = 150_000;
const HOT_IDS: u64 = 100;

pub const STATUSES: [&str; 6] = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
pub const DETAIL_TYPES: [&str; 4] =
    ["Order Placed", "Order Status Change", "Object Created", "Execution Status Change"];
pub const EXTENSIONS: [&str; 7] = ["png", "jpg", "csv", "json", "parquet", "txt", "gz"];
const REGIONS: [&str; 5] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"];
const GROUPS: [&str; 6] = ["admin", "ops", "dev", "qa", "sales", "guest"];
const NETWORKS: [u64; 4] = [10, 172, 192, 203];

/// Streets with how many of a thousand parcels lie there; the rest lies in streets with made-up names.
const STREETS: [(&str, u64); 12] = [
    ("FULTON", 9),
    ("MASON", 12),
    ("JEFFERSON", 1),
    ("BEACH", 1),
    ("HYDE", 8),
    ("CHESTNUT", 4),
    ("BLAKE", 2),
    ("RHODE ISLAND", 2),
    ("SANTIAGO", 3),
    ("CLAYTON", 6),
    ("MISSION", 20),
    ("FOWLING", 9),
];

/// One event a line, all in one text, so that both sides read the same bytes.
pub fn parcels(count: u64) -> Vec<u8> {
    let mut draws = Draws::new(7);
    let mut text = String::new();
    for index in 0..count {
        parcel(index, &mut draws, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

/// The same for envelopes.
pub fn envelopes(count: u64) -> Vec<u8> {
    let mut draws = Draws::new(11);
    let mut text = String::new();
    for index in 0..count {
        envelope(index, &mut draws, &mut text);
        text.push('\n');
    }
    text.into_bytes()
}

fn parcel(index: u64, draws: &mut Draws, text: &mut String) {
    let block = format!("{:04}{}", draws.between(1, 7400), draws.pick(&["", "", "", "", "A", "T"]));
    let lot = format!("{:03}", draws.between(1, 240));
    let map = match index % 1500 {
        1000 => "1430022".to_owned(),
        1100 => "2607218".to_owned(),
        1200 => "VACSTWIL".to_owned(),
        _ if draws.per_mille(4) => draws.pick(&["3745012", "2607117"]).to_owned(),
        _ => format!("{block}{lot}"),
    };
    let number = if draws.per_mille(11) { 441 } else { draws.between(1, 3999) };
    let street = match draws.below(1000) {
        990.. => "null".to_owned(),
        mut at => {
            let named = STREETS.iter().find(|(_, often)| {
                let is_here = at < *often;
                at = at.saturating_sub(*often);
                is_here
            });
            match named {
                Some((name, _)) => format!("\"{name}\""),
                None => format!(
                    "\"{}{}\"",
                    draws.pick(&["ALE", "BRO", "CAB", "DEL", "ELL", "GRE", "HOW", "IRV", "KIR", "LAW", "OAK", "PAC"]),
                    draws.pick(&["ADERO", "DERICK", "LENCIA", "MENT", "NA", "RY", "STER", "TER", "VAL", "WAY"])
                ),
            }
        }
    };
    let kind = draws.pick(&["ST", "ST", "ST", "ST", "ST", "AVE", "AVE", "AVE", "WAY", "DR"]);
    let side = draws.pick(&["O", "E"]);
    let _ = write!(
        text,
        r#"{{"type": "Feature", "properties": {{"MAPBLKLOT": "{map}", "BLKLOT": "{block}{lot}", "BLOCK_NUM": "{block}", "LOT_NUM": "{lot}", "FROM_ST": "{number}", "TO_ST": "{number}", "STREET": {street}, "ST_TYPE": "{kind}", "ODD_EVEN": "{side}"}}, "#
    );
    let shape = if draws.per_mille(2) { "MultiPolygon" } else { "Polygon" };
    let (x, y) = match index % 500 {
        250 => (-122.429_163_609_223_55, 37.729_900_216_217_324),
        _ => (draws.real(-122.51, -122.33), draws.real(37.70, 37.82)),
    };
    let point = |x: f64, y: f64| format!(r#"{{"x": {x}, "y": {y}, "z": 0.0}}"#);
    let points = [4, 5, 5, 5, 5, 6, 6, 7, 8, 9, 12, 12, 20][draws.below(13) as usize];
    let mut corners = vec![point(x, y)];
    corners.extend((1..points).map(|_| point(x + draws.real(-4e-4, 4e-4), y + draws.real(-4e-4, 4e-4))));
    let _ = write!(
        text,
        r#""geometry": {{"type": "{shape}", "firstCoordinates": {}, "coordinates": [{}]}}}}"#,
        corners[0],
        corners.join(", ")
    );
}

fn envelope(index: u64, draws: &mut Draws, text: &mut String) {
    let id = if draws.per_mille(500) { draws.below(IDS) } else { draws.below(HOT_IDS) };
    let service = if draws.per_mille(900) { id % 20 } else { draws.below(20) };
    let tenant = if draws.per_mille(900) { id } else { draws.below(IDS) };
    let (region, account) = (draws.pick(&REGIONS), draws.below(20));
    let (high, low) = (draws.bits(), draws.bits());
    let resources: Vec<String> = (0..draws.between(1, 3))
        .map(|_| {
            let run = draws.below(1_000_000);
            format!(r#""arn:aws:states:{region}:1234567890{account:02}:execution:m{service}:{run}""#)
        })
        .collect();
    let _ = write!(
        text,
        r#"{{"version": "0", "id": "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", "detail-type": "{}", "source": "app.svc{service}", "account": "1234567890{account:02}", "time": "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z", "region": "{region}", "resources": [{}], "#,
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff,
        DETAIL_TYPES[service as usize % 4],
        draws.between(1, 9),
        draws.between(1, 28),
        draws.below(24),
        draws.below(60),
        draws.below(60),
        resources.join(", ")
    );
    let cents = draws.below(1_000_000);
    let _ = write!(
        text,
        r#""detail": {{"orderId": "ord-{id:06}", "tenant": "t{tenant:06}", "status": "{}", "amount": {}.{:02}, "quantity": {}, "object": {{"key": "data/{}/t{id:06}/part-{:05}.{}", "size": {}, "etag": "{:016x}{:016x}"}}, "#,
        draws.pick(&STATUSES),
        cents / 100,
        cents % 100,
        draws.between(1, 50),
        char::from(b'a' + draws.below(8) as u8),
        draws.below(100_000),
        draws.pick(&EXTENSIONS),
        draws.below(10_000_000),
        draws.bits(),
        draws.bits()
    );
    let groups = draws.below(6) as usize;
    let groups: Vec<String> =
        (0..draws.between(1, 3) as usize).map(|at| format!("\"{}\"", GROUPS[(groups + at) % 6])).collect();
    let items: Vec<String> = (0..draws.between(1, 4))
        .map(|_| {
            let (sku, quantity, cents) = (draws.below(20_000), draws.between(1, 9), draws.between(100, 50_000));
            format!(r#"{{"sku": "sku-{sku:05}", "qty": {quantity}, "price": {}.{:02}}}"#, cents / 100, cents % 100)
        })
        .collect();
    let _ = write!(
        text,
        r#""sourceIPAddress": "{}.{}.{}.{}", "user": {{"name": "User{}", "groups": [{}]}}, "items": [{}], "note": "free text {index} that no rule looks at, just bytes to skip""#,
        NETWORKS[draws.below(4) as usize],
        draws.below(256),
        draws.below(256),
        draws.below(256),
        draws.below(2000),
        groups.join(", "),
        items.join(", ")
    );
    if draws.per_mille(300) {
        let cause = "x".repeat(draws.between(10, 80) as usize);
        let _ = write!(
            text,
            r#", "error": {{"code": "{}", "cause": "{cause}"}}"#,
            draws.pick(&["E1", "E2", "States.Timeout"])
        );
    }
    text.push_str("}}");
}
