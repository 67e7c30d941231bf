//! CSV as spreadsheets write it (RFC 4180).

use crate::failure::{Failure, Result};

/// The records of CSV (RFC 4180) with the lines they begin on. Empty lines are left out.
pub(super) fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut begin, mut quoted) = (1, 1, false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' => {
                line += 1;
                if quoted {
                    field.push(c);
                    continue;
                }
                finish(&mut rows, &mut row, &mut field, begin);
                begin = line;
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err(Failure::usage(format!("line {begin}: a quote is not closed")));
    }
    finish(&mut rows, &mut row, &mut field, begin);
    Ok(rows)
}

fn finish(
    rows: &mut Vec<(usize, Vec<String>)>,
    row: &mut Vec<String>,
    field: &mut String,
    line: usize,
) {
    row.push(std::mem::take(field));
    let complete = std::mem::take(row);
    if complete.iter().any(|field| !field.is_empty()) {
        rows.push((line, complete));
    }
}
