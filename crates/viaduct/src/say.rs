//! Output: data on standard output, everything else on standard error.

use std::io::{self, Write};

/// A line of data. A reader that left (`| head`) is no error.
pub(crate) fn data(line: &str) {
    drop(writeln!(io::stdout().lock(), "{line}"));
}

/// A line for the person in front of it.
pub(crate) fn note(line: &str) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// A line that says what is wrong.
pub(crate) fn warn(line: &str) {
    drop(writeln!(io::stderr().lock(), "viaduct: {line}"));
}
