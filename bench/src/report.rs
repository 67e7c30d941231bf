//! The figures: medians with their range, and ratios within a round.

use std::io::Write;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    None,
    AtMost(f64),
    AtLeast(f64),
}

/// Everything measured.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: String,
    target: Target,
    ours: Vec<f64>,
    ratios: Vec<f64>,
}

impl Report {
    /// One figure that is measured once.
    pub(crate) fn once(&mut self, name: &str, value: f64, target: Target) {
        self.sample(name, value, target);
    }

    /// One figure of a round.
    pub(crate) fn sample(&mut self, name: &str, value: f64, target: Target) {
        self.row(name, target).ours.push(value);
    }

    /// One figure of a round beside that of the relay; the target is one of the ratio.
    pub(crate) fn ratio(&mut self, name: &str, ours: f64, theirs: f64, target: Target) {
        self.against(name, ours, theirs, target);
    }

    /// One figure beside another one of ours; the target is one of the ratio.
    pub(crate) fn against(&mut self, name: &str, value: f64, other: f64, target: Target) {
        let row = self.row(name, target);
        row.ours.push(value);
        row.ratios.push(value / other);
    }

    fn row(&mut self, name: &str, target: Target) -> &mut Row {
        let at = self.0.iter().position(|row| row.name == name).unwrap_or_else(|| {
            let (ours, ratios) = (Vec::new(), Vec::new());
            self.0.push(Row { name: name.to_owned(), target, ours, ratios });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// A table on standard output.
    pub(crate) fn print(&self) {
        let mut out = std::io::stdout().lock();
        let mut line = |text: String| drop(writeln!(out, "{}", text.trim_end()));
        line(format!("{:<66} {:>23} {:>23}  {:<10}", "figure", "viaduct", "ratio", "target"));
        for row in &self.0 {
            let ratio = if row.ratios.is_empty() { String::new() } else { spread(&row.ratios) };
            let (name, ours) = (&row.name, spread(&row.ours));
            line(format!("{name:<66} {ours:>23} {ratio:>23}  {}", row.verdict()));
        }
        line(String::new());
        line("Ratios are to HAProxy (one thread) moving the same bytes in the same round, unless named otherwise;".into());
        line("a target beside a ratio is one of the ratio. Median (lowest..highest).".into());
    }
}

impl Row {
    /// The target, and whether the median keeps it.
    fn verdict(&self) -> String {
        let value = median(if self.ratios.is_empty() { &self.ours } else { &self.ratios });
        let (text, kept) = match self.target {
            Target::None => return String::new(),
            Target::AtMost(most) => (format!("<= {most}"), value <= most),
            Target::AtLeast(least) => (format!(">= {least}"), value >= least),
        };
        format!("{text:<10}{}", if kept { "kept" } else { "MISSED" })
    }
}

/// A line for whoever waits.
pub(crate) fn progress(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median, and the range of several.
fn spread(values: &[f64]) -> String {
    let median = median(values);
    if values.len() < 2 {
        return format!("{median:.2}");
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{median:.2} ({low:.2}..{high:.2})")
}
