//! Metrics as Prometheus reads them.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use super::latency::{Latency, Seconds};
use std::borrow::Cow;

/// The media type of the text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics in the making.
#[derive(Debug)]
pub struct Exposition {
    prefix: &'static str,
    text: String,
    /// What is being told, until it has a sample.
    begun: Option<(&'static str, Kind, &'static str)>,
    /// Its name.
    name: &'static str,
}

/// What a metric's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It comes and goes.
    Gauge,
    /// Counts by how much.
    Histogram,
}

/// The names and the values of labels.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Exposition {
    /// No metrics yet; `prefix` is what every name begins with.
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self { prefix, text: String::new(), begun: None, name: "" }
    }

    /// Begins a metric; its samples follow. Without samples nothing of it is written.
    pub fn begin(&mut self, name: &'static str, kind: Kind, help: &'static str) {
        self.begun = Some((name, kind, help));
        self.name = name;
    }

    /// Adds a sample to the metric that was begun.
    pub fn add(&mut self, labels: Labels<'_>, value: i64) {
        self.sample("", labels, None, &value.to_string());
    }

    /// Adds a histogram to the metric that was begun.
    pub fn add_histogram(&mut self, latency: &Latency) {
        let mut total = 0;
        for (at, count) in latency.counts.iter().enumerate() {
            total += count;
            let bound = latency.le_seconds.get(at).map_or_else(|| "+Inf".to_owned(), Seconds::to_string);
            self.sample("_bucket", &[], Some(&bound), &total.to_string());
        }
        self.sample("_sum", &[], None, &latency.sum_seconds.to_string());
        self.sample("_count", &[], None, &total.to_string());
    }

    /// The text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    fn sample(&mut self, suffix: &str, labels: Labels<'_>, bound: Option<&str>, value: &str) {
        if let Some((name, kind, help)) = self.begun.take() {
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram => "histogram",
            };
            let Self { prefix, text, .. } = self;
            push(text, &["# HELP ", prefix, name, " ", help, "\n# TYPE ", prefix, name, " ", kind, "\n"]);
        }
        push(&mut self.text, &[self.prefix, self.name, suffix]);
        let mut separator = "{";
        for (label, text) in labels.iter().copied().chain(bound.map(|bound| ("le", bound))) {
            push(&mut self.text, &[separator, label, "=\"", &escaped(text), "\""]);
            separator = ",";
        }
        push(&mut self.text, &[if separator == "," { "} " } else { " " }, value, "\n"]);
    }
}

fn push(text: &mut String, parts: &[&str]) {
    for part in parts {
        text.push_str(part);
    }
}

fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['\\', '"', '\n']) {
        Cow::Owned(text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_its_help_its_type_and_its_samples() {
        let mut metrics = Exposition::new("relay_");
        metrics.begin("up", Kind::Gauge, "Always 1.");
        metrics.add(&[], 1);
        metrics.begin("nothing", Kind::Gauge, "Has no sample.");
        metrics.begin("events_total", Kind::Counter, "Events.");
        metrics.add(&[("portal", "a\"b\\c\nd"), ("state", "x")], 7);
        assert_eq!(
            metrics.into_text(),
            concat!(
                "# HELP relay_up Always 1.\n# TYPE relay_up gauge\nrelay_up 1\n",
                "# HELP relay_events_total Events.\n# TYPE relay_events_total counter\n",
                "relay_events_total{portal=\"a\\\"b\\\\c\\nd\",state=\"x\"} 7\n",
            )
        );
    }

    #[test]
    fn the_buckets_of_a_histogram_add_up() {
        let mut latency = Latency::new(&[100, 1_000]);
        for millis in [50, 60, 500, 5_000] {
            latency.observe(millis);
        }
        let mut metrics = Exposition::new("relay_");
        metrics.begin("seconds", Kind::Histogram, "How long.");
        metrics.add_histogram(&latency);
        assert_eq!(
            metrics.into_text(),
            concat!(
                "# HELP relay_seconds How long.\n# TYPE relay_seconds histogram\n",
                "relay_seconds_bucket{le=\"0.1\"} 2\nrelay_seconds_bucket{le=\"1\"} 3\nrelay_seconds_bucket{le=\"+Inf\"} 4\n",
                "relay_seconds_sum 5.61\nrelay_seconds_count 4\n",
            )
        );
    }
}
