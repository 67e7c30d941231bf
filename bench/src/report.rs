//! The figures: medians with their range, and ratios to the relay of the same round.

use std::io::Write;

/// Everything measured.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: String,
    target: &'static str,
    ours: Vec<f64>,
    ratios: Vec<f64>,
}

impl Report {
    /// One figure that is measured once.
    pub(crate) fn idle(&mut self, name: &str, value: f64, target: &'static str) {
        self.row(name, target).ours.push(value);
    }

    /// One figure of a round.
    pub(crate) fn sample(&mut self, name: &str, value: f64, target: &'static str) {
        self.row(name, target).ours.push(value);
    }

    /// One figure of a round beside that of the relay; the target is one of the ratio.
    pub(crate) fn ratio(&mut self, name: &str, ours: f64, theirs: f64, target: &'static str) {
        let row = self.row(name, target);
        row.ours.push(ours);
        row.ratios.push(ours / theirs);
    }

    fn row(&mut self, name: &str, target: &'static str) -> &mut Row {
        let at = self.0.iter().position(|row| row.name == name).unwrap_or_else(|| {
            self.0.push(Row {
                name: name.to_owned(),
                target,
                ours: Vec::new(),
                ratios: Vec::new(),
            });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// A table on standard output.
    pub(crate) fn print(&self) {
        let mut out = std::io::stdout().lock();
        let mut line = |text: String| drop(writeln!(out, "{text}"));
        line(format!(
            "{:<62} {:>24} {:>22} {:>9}",
            "figure", "viaduct", "ratio to HAProxy", "target"
        ));
        for row in &self.0 {
            let ratio = if row.ratios.is_empty() { String::new() } else { spread(&row.ratios) };
            line(format!(
                "{:<62} {:>24} {:>22} {:>9}",
                row.name,
                spread(&row.ours),
                ratio,
                row.target
            ));
        }
    }
}

/// A line for whoever waits.
pub(crate) fn progress(line: &str) {
    drop(writeln!(std::io::stderr().lock(), "{line}"));
}

/// Median, and the range of several.
fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    match (sorted.first(), sorted.last()) {
        (Some(low), Some(high)) if sorted.len() > 1 => format!("{median:.2} ({low:.2}..{high:.2})"),
        _ => format!("{median:.2}"),
    }
}
