//! The items of a distributed Map, out of what its `ItemReader` read.

use std::sync::Arc;

use crate::asl::Format;
use crate::json::{Json, Object};

/// The items in an object's text, or a listing. The error is AWS's cause for `States.ItemReaderFailed`.
pub(super) fn items(format: &Format, read: &Json) -> Result<Vec<Json>, String> {
    if let Format::Listing = format {
        let listed = read.get("Contents").and_then(Json::as_array);
        return listed.map(<[Json]>::to_vec).ok_or_else(not_iterable);
    }
    if let Some(rows) = read.get("Body").and_then(Json::as_array) {
        // Whoever answered has read the object already: Parquet files and manifests are no text.
        return Ok(rows.to_vec());
    }
    let text = read.get("Body").and_then(Json::as_str).ok_or("the object that was read has no text")?;
    let parse =
        |text: &str| Json::parse(text).map_err(|error| format!("the object that was read is not JSON: {error}"));
    match format {
        Format::Listing => Ok(Vec::new()),
        Format::Json { pointer } => {
            let whole = parse(text)?;
            let found = match pointer {
                None => Some(&whole),
                Some(pointer) => pointed(&whole, pointer),
            };
            found.and_then(Json::as_array).map(<[Json]>::to_vec).ok_or_else(not_iterable)
        }
        Format::Rows => Err("the object that was read is no list of items; Parquet files and manifests are read here \
                             only where a mock gives their rows"
            .to_owned()),
        Format::JsonLines => text.lines().filter(|line| !line.trim().is_empty()).map(parse).collect(),
        Format::Csv { headers, delimiter } => csv(text, headers.as_deref(), *delimiter),
    }
}

/// What a JSON pointer leads to: `/data/items`.
fn pointed<'j>(value: &'j Json, pointer: &str) -> Option<&'j Json> {
    let mut at = value;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        at = match at {
            Json::Array(_) => at.item(token.parse().ok()?)?,
            _ => at.get(&token)?,
        };
    }
    Some(at)
}

fn not_iterable() -> String {
    "Attempting to map over non-iterable node.".to_owned()
}

fn csv(text: &str, headers: Option<&[Arc<str>]>, delimiter: char) -> Result<Vec<Json>, String> {
    let mut rows = rows(text, delimiter).into_iter();
    let headers: Vec<Arc<str>> = match headers {
        Some(headers) => headers.to_vec(),
        None => rows.next().unwrap_or_default().into_iter().map(Arc::from).collect(),
    };
    let mut sorted = headers.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("CSV headers cannot contain duplicates.".to_owned());
    }
    let order = map_order(&headers);
    let item = |row: Vec<String>| {
        // AWS: columns beyond the headers are dropped, missing ones are empty.
        let cell = |column: usize| row.get(column).map_or("", String::as_str);
        order.iter().map(|&column| (headers[column].clone(), Json::from(cell(column)))).collect::<Object>()
    };
    Ok(rows.map(|row| Json::from(item(row))).collect())
}

/// Rows of cells; a quoted cell may hold delimiters, line ends and doubled quotes.
fn rows(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
            _ if is_quoted => cell.push(char),
            _ if char == delimiter => row.push(std::mem::take(&mut cell)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(char),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// The columns in the order of AWS's items, which are Java `HashMap`s: by bucket, then by insertion.
fn map_order(keys: &[Arc<str>]) -> Vec<usize> {
    const LEAST_BUCKETS: usize = 16;
    let buckets = (keys.len() * 4 / 3 + 1).next_power_of_two().max(LEAST_BUCKETS);
    let bucket = |key: &str| {
        let hash = key.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    };
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&column| bucket(&keys[column]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn csv_rows_become_objects_of_strings() {
        let body = json!({"Body": "a,b\n1,\"x,\"\"y\"\"\n\"\n,\n\nlast,2,3"});
        let format = Format::Csv { headers: None, delimiter: ',' };
        let expected = [
            json!({"a": "1", "b": "x,\"y\"\n"}),
            json!({"a": "", "b": ""}),
            json!({"a": "", "b": ""}),
            json!({"a": "last", "b": "2"}),
        ];
        assert_eq!(items(&format, &body).as_deref(), Ok(&expected[..]));
        let format = Format::Csv { headers: Some(vec!["x".into()]), delimiter: '|' };
        assert_eq!(items(&format, &json!({"Body": "1|2\n"})), Ok(vec![json!({"x": "1"})]));
    }

    #[test]
    fn what_holds_no_list_is_refused() {
        let duplicates = Format::Csv { headers: None, delimiter: ',' };
        assert_eq!(
            items(&duplicates, &json!({"Body": "a,a\n1,2"})),
            Err("CSV headers cannot contain duplicates.".into())
        );
        assert_eq!(
            items(&Format::Json { pointer: None }, &json!({"Body": "{}"})),
            Err("Attempting to map over non-iterable node.".into())
        );
        assert!(items(&Format::Json { pointer: None }, &json!({"Body": "["})).is_err());
        assert!(items(&Format::Json { pointer: None }, &json!({})).is_err());
    }

    #[test]
    fn a_pointer_finds_the_list_within_the_object() {
        let body = json!({"Body": "{\"a\":{\"b/c\":[{\"d\":[1,2]}]},\"n\":1}"});
        for (pointer, expected) in [
            ("/a/b~1c/0/d", Ok(vec![json!(1), json!(2)])),
            ("/a/b~1c", Ok(vec![json!({"d": [1, 2]})])),
            ("/a", Err(not_iterable())),
            ("/n", Err(not_iterable())),
            ("/a/b~1c/9", Err(not_iterable())),
            ("/missing/deep", Err(not_iterable())),
        ] {
            assert_eq!(items(&Format::Json { pointer: Some(pointer.into()) }, &body), expected, "{pointer}");
        }
    }

    #[test]
    fn parquet_and_manifests_come_as_rows() {
        assert_eq!(items(&Format::Rows, &json!({"Body": [{"a": 1}]})), Ok(vec![json!({"a": 1})]));
        assert!(items(&Format::Rows, &json!({"Body": "PAR1"})).is_err());
    }

    #[test]
    fn lines_and_listings_are_items_too() {
        assert_eq!(
            items(&Format::JsonLines, &json!({"Body": "1\n\n{\"a\":2}\n"})),
            Ok(vec![json!(1), json!({"a": 2})])
        );
        assert_eq!(items(&Format::Listing, &json!({"Contents": [{"Key": "k"}]})), Ok(vec![json!({"Key": "k"})]));
    }
}
