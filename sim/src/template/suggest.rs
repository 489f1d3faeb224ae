/// Longest name that is compared; a longer one is nobody's slip of the finger.
const NAME_CHARS_MAX: usize = 80;

/// The candidate that `name` was most likely meant to be, if one is near enough.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let wanted: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    if wanted.len() > NAME_CHARS_MAX {
        return None;
    }
    let allowed = 1 + wanted.len() / 4;
    let scored = candidates.into_iter().filter_map(|candidate| {
        let letters: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        if letters.len() > NAME_CHARS_MAX {
            return None;
        }
        let distance = distance(&wanted, &letters);
        (distance <= allowed && distance < letters.len()).then_some((distance, candidate))
    });
    scored.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// A sentence for a hint: the nearest candidate, else all of them when they are few, else the first of them.
pub fn hint<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> Option<String> {
    const SHOWN: usize = 8;
    if let Some(nearest) = nearest(name, candidates.clone()) {
        return Some(format!("did you mean '{nearest}'?"));
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.len() {
        0 => None,
        count if count <= SHOWN => Some(format!("there is: {}", all.join(", "))),
        _ => Some(format!("there is: {}, …", all[..SHOWN].join(", "))),
    }
}

/// Insertions, deletions, replacements and swaps of neighbours between two words (optimal string alignment).
fn distance(from: &[char], to: &[char]) -> usize {
    let mut before: Vec<usize> = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1; to.len() + 1];
        for (column, other) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            let mut best = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            let swapped = row > 0 && column > 0 && from[row - 1] == *other && to[column - 1] == *letter;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            next[column + 1] = best;
        }
        before = std::mem::replace(&mut last, next);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        let names = ["OrdersTable", "OrderBus", "InventoryTable"];
        for (wrong, right) in [
            ("OrderTable", Some("OrdersTable")),
            ("ordersTabel", Some("OrdersTable")),
            ("orderbus", Some("OrderBus")),
            ("Payments", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), right, "{wrong}");
        }
    }
}
