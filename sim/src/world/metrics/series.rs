use crate::world::Millis;

/// The numbers of one metric, in buckets.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<Point>,
}

/// The numbers of one bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When the bucket begins.
    pub start: Millis,
    /// How long it is.
    pub resolution_ms: u64,
    /// The sum of the numbers.
    pub sum: f64,
    /// How many there are.
    pub count: f64,
    /// The least.
    pub minimum: f64,
    /// The greatest.
    pub maximum: f64,
    /// Each number with how often it came, where percentiles are asked for.
    values: Vec<(f64, f64)>,
}

/// What is made of the numbers of a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// `SampleCount`
    SampleCount,
    /// `Average`
    Average,
    /// `Sum`
    Sum,
    /// `Minimum`
    Minimum,
    /// `Maximum`
    Maximum,
    /// `p99`: the percentage.
    Percentile(f64),
}

impl Series {
    /// A series without a number.
    pub(super) const EMPTY: Series = Series { points: Vec::new() };

    /// The buckets that have numbers, by time.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    pub(super) fn clear(&mut self) {
        self.points.clear();
    }

    pub(super) fn add(&mut self, start: Millis, resolution_ms: u64, value: f64, count: f64, keeps_values: bool) {
        // Time goes on: nearly every number belongs to the last bucket or behind it.
        let at = match self.points.last() {
            Some(last) if last.start == start => self.points.len() - 1,
            Some(last) if last.start < start => self.points.len(),
            None => 0,
            Some(_) => self.points.partition_point(|point| point.start < start),
        };
        if self.points.get(at).is_none_or(|point| point.start != start) {
            let empty = Point {
                start,
                resolution_ms,
                sum: 0.0,
                count: 0.0,
                minimum: value,
                maximum: value,
                values: Vec::new(),
            };
            self.points.insert(at, empty);
        }
        let point = &mut self.points[at];
        point.sum += value * count;
        point.count += count;
        point.minimum = point.minimum.min(value);
        point.maximum = point.maximum.max(value);
        if keeps_values {
            point.values.push((value, count));
        }
    }
}

impl Statistic {
    /// The statistic that AWS calls so: `Sum`, `p99.9`.
    pub fn parse(text: &str) -> Option<Statistic> {
        match text {
            "SampleCount" => Some(Statistic::SampleCount),
            "Average" => Some(Statistic::Average),
            "Sum" => Some(Statistic::Sum),
            "Minimum" => Some(Statistic::Minimum),
            "Maximum" => Some(Statistic::Maximum),
            _ => {
                let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0).contains(&percent).then_some(Statistic::Percentile(percent))
            }
        }
    }

    /// The statistic of the numbers in these buckets; `None` where there is none.
    pub fn of<'p>(self, points: impl Iterator<Item = &'p Point>) -> Option<f64> {
        let mut all = Point {
            start: Millis(0),
            resolution_ms: 0,
            sum: 0.0,
            count: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
            values: Vec::new(),
        };
        for point in points {
            all.sum += point.sum;
            all.count += point.count;
            all.minimum = all.minimum.min(point.minimum);
            all.maximum = all.maximum.max(point.maximum);
            if matches!(self, Statistic::Percentile(_)) {
                all.values.extend_from_slice(&point.values);
            }
        }
        if all.count <= 0.0 {
            return None;
        }
        Some(match self {
            Statistic::SampleCount => all.count,
            Statistic::Average => all.sum / all.count,
            Statistic::Sum => all.sum,
            Statistic::Minimum => all.minimum,
            Statistic::Maximum => all.maximum,
            Statistic::Percentile(percent) => percentile(&mut all.values, percent),
        })
    }

    /// AWS's name.
    pub fn text(self) -> String {
        match self {
            Statistic::Percentile(percent) => format!("p{percent}"),
            other => format!("{other:?}"),
        }
    }
}

/// The least number that at least `percent` of the numbers do not exceed.
fn percentile(values: &mut [(f64, f64)], percent: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, count)| count).sum();
    let rank = total * percent / 100.0;
    let mut seen = 0.0;
    for (value, count) in values.iter() {
        seen += count;
        if seen >= rank {
            return *value;
        }
    }
    values.last().map_or(0.0, |(value, _)| *value)
}
