//! Metrics as Prometheus reads them.
//! <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>

use std::fmt::Write;

/// The media type of the text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics in the making.
#[derive(Debug)]
pub struct Exposition {
    prefix: &'static str,
    text: String,
}

/// What a metric's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It comes and goes.
    Gauge,
}

impl Exposition {
    /// No metrics yet; `prefix` is what every name begins with.
    #[must_use]
    pub const fn new(prefix: &'static str) -> Self {
        Self { prefix, text: String::new() }
    }

    /// Adds a metric with its samples, each with its labels. Without samples nothing is added.
    pub fn add<'a, L>(&mut self, name: &str, kind: Kind, help: &str, samples: impl IntoIterator<Item = (L, i64)>)
    where
        L: AsRef<[(&'a str, &'a str)]>,
    {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let name = format!("{}{name}", self.prefix);
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
        for (labels, value) in samples {
            let labels: Vec<String> =
                labels.as_ref().iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
            if labels.is_empty() {
                self.line(format_args!("{name} {value}"));
            } else {
                self.line(format_args!("{name}{{{}}} {value}", labels.join(",")));
            }
        }
    }

    /// The text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        writeln!(self.text, "{text}").unwrap_or_default();
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_its_help_its_type_and_its_samples() {
        let mut metrics = Exposition::new("relay_");
        metrics.add("up", Kind::Gauge, "Always 1.", [([], 1)]);
        metrics.add("events_total", Kind::Counter, "Events.", [([("portal", "a\"b\\c\nd")], 7)]);
        metrics.add("nothing", Kind::Gauge, "Has no sample.", Vec::<([(&str, &str); 0], i64)>::new());
        assert_eq!(
            metrics.into_text(),
            concat!(
                "# HELP relay_up Always 1.\n# TYPE relay_up gauge\nrelay_up 1\n",
                "# HELP relay_events_total Events.\n# TYPE relay_events_total counter\n",
                "relay_events_total{portal=\"a\\\"b\\\\c\\nd\"} 7\n",
            )
        );
    }
}
