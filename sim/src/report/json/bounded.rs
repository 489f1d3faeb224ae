use serde_json::{Map, Value};

/// Lists that are cut where a run is too long to be told whole, and what was left out of each.
#[derive(Default)]
pub(super) struct Bounded {
    left_out: Map<String, Value>,
}

impl Bounded {
    /// The first `max` of these.
    pub fn first<T>(&mut self, name: &str, all: impl ExactSizeIterator<Item = T>, max: usize) -> Vec<T> {
        self.count(name, all.len().saturating_sub(max));
        all.take(max).collect()
    }

    /// The last `max` of these: the end is where it breaks.
    pub fn last<T>(&mut self, name: &str, all: impl ExactSizeIterator<Item = T>, max: usize) -> Vec<T> {
        let left_out = all.len().saturating_sub(max);
        self.count(name, left_out);
        all.skip(left_out).collect()
    }

    fn count(&mut self, name: &str, left_out: usize) {
        if left_out > 0 {
            let before = self.left_out.get(name).and_then(Value::as_u64).unwrap_or(0);
            self.left_out.insert(name.to_owned(), before.saturating_add(left_out as u64).into());
        }
    }

    /// By the name of a list, how many were left out; nothing of lists that are whole.
    pub fn left_out(self) -> Value {
        Value::Object(self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Bounded;

    #[test]
    fn what_is_left_out_is_counted() {
        let mut bounded = Bounded::default();
        assert_eq!(bounded.first("whole", [1, 2].into_iter(), 2), [1, 2]);
        assert_eq!(bounded.first("events", [1, 2, 3].into_iter(), 2), [1, 2]);
        assert_eq!(bounded.last("events", [1, 2, 3, 4].into_iter(), 1), [4]);
        assert_eq!(bounded.left_out(), json!({"events": 4}));
    }
}
