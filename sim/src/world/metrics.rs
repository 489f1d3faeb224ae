//! What the services measure: counts and times under AWS's names, in buckets of a minute.
//!
//! A service says `core.measure(States::ExecutionsFailed.of(machine), 1.0)`; that is an index and a number, and nothing
//! at all in a scenario that nobody watches. Here the numbers are kept and looked up by namespace, name and dimensions;
//! alarms, dashboards and the CloudWatch API are in `services::cloudwatch`.

mod catalogue;
mod series;

use std::sync::Arc;

pub use catalogue::{
    ActivityTasksMetric, EventsApiMetric, EventsMetric, FunctionTasksMetric, LambdaMetric, Measure, MetricSpec,
    Namespace, ServiceTasksMetric, SnsMetric, SqsMetric, StatesMetric, TableOperationsMetric, TablesApiMetric,
    TablesMetric,
};
pub use series::{Point, Series, Statistic};

use super::Millis;

/// A metric as AWS identifies it: another set of dimensions is another metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricKey {
    /// `AWS/States`, or a handler's own.
    pub namespace: Arc<str>,
    /// `ExecutionsFailed`
    pub name: Arc<str>,
    /// Names and values, sorted.
    pub dimensions: Dimensions,
}

/// Names and values of dimensions.
pub type Dimensions = Vec<(Arc<str>, Arc<str>)>;

/// One series of numbers, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(u32);

/// Why no series stands behind a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// AWS emits no metric of this name in this namespace.
    NoSuchMetric {
        /// The names that there are.
        known: Vec<&'static str>,
    },
    /// AWS emits it, this simulation does not.
    NotSimulated,
    /// AWS never emits it with just these dimensions.
    Dimensions {
        /// The sets it is emitted with.
        known: &'static [&'static [&'static str]],
    },
    /// The template has no resource of this name.
    NoResource,
}

/// The resources whose services emit metrics: for each the value of its dimensions.
#[derive(Clone, Debug, Default)]
pub struct Emitters {
    resources: [Vec<Vec<Arc<str>>>; Namespace::ALL.len()],
}

/// The metrics of one world.
#[derive(Debug, Default)]
pub struct Metrics {
    is_on: bool,
    keeps_values: bool,
    /// A bit for each family whose numbers are kept.
    kept: u32,
    emitters: Emitters,
    /// Where each namespace's series begin.
    begins: [u32; Namespace::ALL.len()],
    series: Vec<Series>,
    /// The keys of the series behind those of the services, which handlers emit.
    custom: Vec<MetricKey>,
    /// How many of them belong to the scenario and not to a run.
    custom_declared: usize,
    touched: Vec<SeriesId>,
}

impl Emitters {
    /// Adds the next resource of a namespace, with the values of its dimensions in the namespace's order.
    pub fn add(&mut self, namespace: Namespace, values: Vec<Arc<str>>) {
        self.resources[namespace as usize].push(values);
    }
}

impl Metrics {
    /// The metrics of these resources. `keeps_values` keeps every number, for percentiles.
    pub fn new(emitters: Emitters, keeps_values: bool) -> Metrics {
        let mut begins = [0; Namespace::ALL.len()];
        let mut count = 0;
        for namespace in Namespace::ALL {
            begins[*namespace as usize] = count;
            count += (emitters.resources[*namespace as usize].len() * namespace.metrics().len()) as u32;
        }
        let series = (0..count).map(|_| Series::default()).collect();
        Metrics { is_on: true, keeps_values, kept: u32::MAX, emitters, begins, series, ..Metrics::default() }
    }

    /// The same with the numbers of these families alone, and of those that [`Metrics::declare`] is asked for.
    #[must_use]
    pub fn keeping(mut self, is_kept: impl Fn(Namespace) -> bool) -> Metrics {
        let kept = Namespace::ALL.iter().filter(|namespace| is_kept(**namespace));
        self.kept = kept.fold(0, |kept, namespace| kept | 1 << *namespace as u32);
        self
    }

    /// Whether numbers of this family are kept.
    #[inline]
    pub fn keeps(&self, namespace: Namespace) -> bool {
        self.is_on && self.kept & 1 << namespace as u32 != 0
    }

    /// The resource of a family whose dimensions have these values, in the family's order.
    pub fn resource(&self, namespace: Namespace, values: &[&str]) -> Option<u32> {
        let is_meant = |known: &Vec<Arc<str>>| known.iter().map(|value| &**value).eq(values.iter().copied());
        self.emitters.resources[namespace as usize].iter().position(is_meant).map(|at| at as u32)
    }

    /// Back to no number.
    pub fn reset(&mut self) {
        let declared = self.series.len() - self.custom.len() + self.custom_declared;
        self.custom.truncate(self.custom_declared);
        self.series.truncate(declared);
        self.series.iter_mut().for_each(Series::clear);
        self.touched.clear();
    }

    /// Whether anything is kept.
    #[inline]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Takes a number of a service.
    pub fn measure(&mut self, measure: Measure, at: Millis, value: f64) {
        let Measure { namespace, resource, metric } = measure;
        // A rule that a handler made has no series.
        if !self.keeps(namespace) || resource as usize >= self.emitters.resources[namespace as usize].len() {
            return;
        }
        let stride = namespace.metrics().len() as u32;
        let id = SeriesId(self.begins[namespace as usize] + resource * stride + u32::from(metric));
        self.add(id, at, MINUTE_MS, value, 1.0);
    }

    /// Adds `count` times `value` to a series, in the bucket of `resolution_ms` that `at` lies in.
    pub fn add(&mut self, id: SeriesId, at: Millis, resolution_ms: u64, value: f64, count: f64) {
        let Some(series) = self.series.get_mut(id.0 as usize) else { return };
        series.add(Millis(at.0 - at.0 % resolution_ms), resolution_ms, value, count, self.keeps_values);
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
    }

    /// The series that got a number since this was last asked.
    pub(crate) fn take_touched(&mut self, into: &mut Vec<SeriesId>) {
        into.clear();
        std::mem::swap(&mut self.touched, into);
    }

    /// Whether a series got a number since that was last asked.
    #[inline]
    pub(crate) fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The series of a handler's own metric, made on first use.
    pub fn custom(&mut self, key: &MetricKey) -> SeriesId {
        let begins = self.series.len() - self.custom.len();
        let place = self.custom.iter().position(|known| known == key).unwrap_or_else(|| {
            self.custom.push(key.clone());
            self.series.push(Series::default());
            self.custom.len() - 1
        });
        SeriesId((begins + place) as u32)
    }

    /// The series of a metric that the scenario names: whatever stands behind a service's, a new one for any other.
    pub fn declare(&mut self, key: &MetricKey) -> Result<Vec<SeriesId>, Missing> {
        if let Some((family, _)) = Metrics::family(key) {
            self.kept |= 1 << family as u32;
        }
        if Namespace::is_known(&key.namespace) {
            return self.find(key);
        }
        let id = self.custom(key);
        self.custom_declared = self.custom.len();
        Ok(vec![id])
    }

    /// The series that make up a metric: several where AWS sums over resources.
    pub fn find(&self, key: &MetricKey) -> Result<Vec<SeriesId>, Missing> {
        if !Namespace::is_known(&key.namespace) {
            let begins = self.series.len() - self.custom.len();
            let place = self.custom.iter().position(|known| known == key);
            return Ok(place.map(|place| SeriesId((begins + place) as u32)).into_iter().collect());
        }
        let Some((namespace, metric)) = Metrics::family(key) else {
            let families = || Namespace::families(&key.namespace);
            if families().any(|family| family.not_simulated().contains(&&*key.name)) {
                return Err(Missing::NotSimulated);
            }
            let known = families().flat_map(|family| {
                family.metrics().iter().map(|metric| metric.name).chain(family.not_simulated().iter().copied())
            });
            return Err(Missing::NoSuchMetric { known: known.collect() });
        };
        let sets = namespace.dimension_sets();
        let is_set = |set: &&[&str]| {
            set.len() == key.dimensions.len() && key.dimensions.iter().all(|(name, _)| set.contains(&&**name))
        };
        if !sets.iter().any(is_set) {
            return Err(Missing::Dimensions { known: sets });
        }
        let names = namespace.dimensions();
        let is_meant = |values: &Vec<Arc<str>>| {
            key.dimensions.iter().all(|(name, value)| {
                names.iter().position(|known| *known == &**name).and_then(|at| values.get(at)) == Some(value)
            })
        };
        let resources = self.emitters.resources[namespace as usize].iter().enumerate();
        let stride = namespace.metrics().len() as u32;
        let found: Vec<SeriesId> = resources
            .filter(|(_, values)| is_meant(values))
            .map(|(at, _)| SeriesId(self.begins[namespace as usize] + at as u32 * stride + metric as u32))
            .collect();
        if found.is_empty() && !key.dimensions.is_empty() { Err(Missing::NoResource) } else { Ok(found) }
    }

    /// The unit of a metric.
    pub fn unit(&self, key: &MetricKey) -> &'static str {
        Metrics::family(key).map_or("None", |(family, metric)| family.metrics()[metric].unit)
    }

    /// The family that a metric of AWS belongs to, and its place in it.
    fn family(key: &MetricKey) -> Option<(Namespace, usize)> {
        Namespace::families(&key.namespace).find_map(|family| {
            let place = family.metrics().iter().position(|metric| *metric.name == *key.name)?;
            Some((family, place))
        })
    }

    /// A series.
    pub fn series(&self, id: SeriesId) -> &Series {
        const EMPTY: &Series = &Series::EMPTY;
        self.series.get(id.0 as usize).unwrap_or(EMPTY)
    }

    /// Every metric that got a number, with its key and unit.
    pub fn emitted(&self) -> impl Iterator<Item = (MetricKey, &'static str, &Series)> {
        let services = Namespace::ALL.iter().flat_map(move |namespace| {
            let resources = self.emitters.resources[*namespace as usize].iter().enumerate();
            resources.flat_map(move |(resource, values)| {
                namespace.metrics().iter().enumerate().map(move |(metric, spec)| {
                    let stride = namespace.metrics().len();
                    let at = self.begins[*namespace as usize] as usize + resource * stride + metric;
                    (*namespace, values, spec, at)
                })
            })
        });
        let services = services.filter(|(.., at)| !self.series[*at].points().is_empty());
        let services = services.map(|(namespace, values, spec, at)| {
            let names = namespace.dimensions().iter().map(|name| Arc::<str>::from(*name));
            let mut dimensions: Vec<_> =
                names.zip(values.iter().cloned()).filter(|(_, value)| !value.is_empty()).collect();
            dimensions.sort();
            let key = MetricKey { namespace: namespace.text().into(), name: spec.name.into(), dimensions };
            (key, spec.unit, &self.series[at])
        });
        let begins = self.series.len() - self.custom.len();
        let custom = self.custom.iter().enumerate().map(move |(place, key)| (key, &self.series[begins + place]));
        let custom = custom.filter(|(_, series)| !series.points().is_empty());
        services.chain(custom.map(|(key, series)| (key.clone(), "None", series)))
    }
}

impl MetricKey {
    /// A key with its dimensions in order.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>, mut dimensions: Dimensions) -> MetricKey {
        dimensions.sort();
        MetricKey { namespace: namespace.into(), name: name.into(), dimensions }
    }
}

/// AWS: services report by the minute.
pub const MINUTE_MS: u64 = 60_000;

#[cfg(test)]
mod tests;
