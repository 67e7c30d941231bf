//! `viaduct audit`: who did what, and whether the record is whole.

use super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    render::{Column, Format, Printer},
    say::{data, note},
};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use viaduct_api::{AuditEntry, AuditFault, AuditReport, Code};

/// A follower looks for new rows so often.
const FOLLOW_EVERY: Duration = Duration::from_secs(2);
/// Longer lines are no row.
const LINE_MAX: u64 = 64 << 10;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show the newest rows
    Tail(Tail),
    /// Print every row, one JSON object a line
    Export {
        /// Write it to this file instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Find the first row that was changed, removed or moved
    Verify {
        /// An export to check instead of the server's own record; `-` is standard input
        file: Option<PathBuf>,
    },
}

/// Which rows.
#[derive(Debug, clap::Args)]
pub(crate) struct Tail {
    /// How many
    #[arg(short = 'n', long, default_value_t = 20)]
    lines: u32,
    /// Go on with what happens from now on
    #[arg(short, long)]
    follow: bool,
    /// Only what this user, or `token:NAME`, did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only this kind of thing, for example `power.off`
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to this device (GUID)
    #[arg(long, value_name = "GUID")]
    device: Option<String>,
    /// Only rows with this result: intent, done, failed or unknown
    #[arg(long)]
    result: Option<String>,
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Tail(options) => tail(desk, &options).await,
        Command::Export { out } => {
            let text = desk.client.text("/audit/export").await?;
            match out {
                Some(file) => write(&file, &text)?,
                None if text.is_empty() => {}
                None => data(text.trim_end()),
            }
            Ok(())
        }
        Command::Verify { file: Some(file) } => verify_export(&desk.printer, &file),
        Command::Verify { file: None } => {
            let found: AuditReport = desk.client.get("/audit/verify").await?;
            report(&desk.printer, &found)
        }
    }
}

async fn tail(desk: &Desk, options: &Tail) -> Result<()> {
    let mut filter = String::new();
    let filters = [
        ("actor", &options.actor),
        ("action", &options.action),
        ("device", &options.device),
        ("result", &options.result),
    ];
    for (key, value) in filters {
        if let Some(value) = value {
            filter.push_str(&format!("&{key}={}", segment(value)));
        }
    }
    let path = format!("/audit?$top={}{filter}", options.lines);
    let mut rows: Vec<AuditEntry> = desk.client.get(&path).await?;
    rows.reverse();
    if rows.is_empty() && desk.printer.format == Format::Table {
        note("no rows");
    }
    desk.printer.list(&rows, &columns())?;
    let mut last = rows.last().map_or(0, |row| row.seq);
    if !options.follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(FOLLOW_EVERY).await;
        let path = format!("/audit?after={last}{filter}");
        let fresh: Vec<AuditEntry> = desk.client.get(&path).await?;
        let Some(newest) = fresh.last() else { continue };
        last = newest.seq;
        desk.printer.list(&fresh, &columns())?;
    }
}

fn columns() -> [Column<'static, AuditEntry>; 7] {
    [
        ("SEQ", &|row: &AuditEntry| row.seq.to_string()),
        ("TIME", &|row: &AuditEntry| row.time.split('.').next().unwrap_or_default().to_owned()),
        ("WHO", &|row: &AuditEntry| row.actor.clone()),
        ("ACTION", &|row: &AuditEntry| row.action.clone()),
        ("DEVICE", &|row: &AuditEntry| row.device.clone().unwrap_or_default()),
        ("RESULT", &result),
        ("DETAIL", &|row: &AuditEntry| row.detail.clone()),
    ]
}

fn result(row: &AuditEntry) -> String {
    match (&row.outcome, row.intent) {
        (Some(outcome), _) => format!("{} → {outcome}", row.result),
        (None, Some(intent)) => format!("{} (of {intent})", row.result),
        (None, None) => row.result.clone(),
    }
}

/// Checks an export, which needs no server.
pub(crate) fn verify_export(printer: &Printer, file: &Path) -> Result<()> {
    report(printer, &verify_file(file)?)
}

fn report(printer: &Printer, report: &AuditReport) -> Result<()> {
    if printer.format == Format::Table {
        note(&format!("{} rows are as they were written", report.rows));
    } else {
        printer.text_or(report, |_| String::new())?;
    }
    match &report.fault {
        None => Ok(()),
        Some(AuditFault { seq, why }) => Err(Failure::new(
            Code::AuditBroken,
            format!("row {seq}: {why}; it is the first bad one"),
        )),
    }
}

/// The chain of an export, without the server. That the last rows are all there only the server can tell.
fn verify_file(file: &Path) -> Result<AuditReport> {
    let failed = |error: io::Error| Failure::local(file.display(), error);
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(failed)?)
    };
    let mut input = BufReader::new(input);
    let mut previous = "0".repeat(64);
    let mut rows = 0;
    loop {
        let mut line = String::new();
        let read = input.by_ref().take(LINE_MAX).read_line(&mut line).map_err(failed)?;
        if read == 0 {
            return Ok(AuditReport { rows, fault: None });
        }
        if let Err(why) = follows(&line, rows + 1, &previous).map(|hash| previous = hash) {
            let fault = Some(AuditFault { seq: rows + 1, why: why.to_owned() });
            return Ok(AuditReport { rows, fault });
        }
        rows += 1;
    }
}

/// The row's hash, when it is the one with that number and follows.
fn follows(line: &str, number: u64, previous: &str) -> std::result::Result<String, &'static str> {
    let row: AuditEntry = serde_json::from_str(line).map_err(|_| "it is not a row of an export")?;
    if row.seq != number {
        return Err("it is missing");
    }
    if row.prev != previous {
        return Err("it does not follow the row before it");
    }
    let hash: String =
        Sha256::digest(row.canonical()).iter().map(|byte| format!("{byte:02x}")).collect();
    if hash == row.hash { Ok(hash) } else { Err("it was changed") }
}

fn write(file: &Path, text: &str) -> Result<()> {
    let failed = |error| Failure::local(file.display(), error);
    File::create(file).and_then(|mut to| to.write_all(text.as_bytes())).map_err(failed)?;
    note(&format!("{} rows written to {}", text.lines().count(), file.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    fn row(seq: u64, prev: &str) -> AuditEntry {
        let mut row = AuditEntry {
            seq,
            actor: "ann".into(),
            action: "power.off".into(),
            prev: prev.to_owned(),
            ..AuditEntry::default()
        };
        row.hash =
            Sha256::digest(row.canonical()).iter().map(|byte| format!("{byte:02x}")).collect();
        row
    }

    #[test]
    fn an_export_is_checked_without_the_server() {
        let first = row(1, &"0".repeat(64));
        let second = row(2, &first.hash);
        let third = row(3, &second.hash);
        let check = |rows: &[&AuditEntry]| {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            for row in rows {
                writeln!(file, "{}", serde_json::to_string(row).unwrap()).unwrap();
            }
            verify_file(file.path()).unwrap()
        };
        let whole = check(&[&first, &second, &third]);
        assert_eq!(whole, AuditReport { rows: 3, fault: None });
        assert_eq!(check(&[&first, &third]).fault.unwrap().seq, 2);
        let changed = AuditEntry { actor: "eve".into(), ..second.clone() };
        assert_eq!(check(&[&first, &changed, &third]).fault.unwrap().seq, 2);
        assert_eq!(check(&[]), AuditReport { rows: 0, fault: None });
    }

    #[test]
    fn the_exit_code_of_a_broken_record_is_that_of_the_contract() {
        assert_eq!(Failure::new(Code::AuditBroken, "").exit as u8, Exit::Broken as u8);
        assert_eq!(Exit::Broken as u8, 14);
    }
}
