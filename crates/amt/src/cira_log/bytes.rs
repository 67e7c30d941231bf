//! Firmware's answer to GET_CIRA_LOG as a file: bytes, or a dump of them.

use crate::host_interface::{Answer, BODY_MAX, Command, log};

/// Bytes in a line of `hexdump`.
const LINE: usize = 16;

/// The answer with its header, with its status, or the log alone.
pub(super) fn read(bytes: &[u8]) -> Option<log::CiraLog> {
    if let Ok(Answer::CiraLog(log)) = Command::CiraLog.read_answer(bytes) {
        return Some(*log);
    }
    // A status of 0 stands before the log, and a log begins with its version.
    let log = bytes.strip_prefix(&[0; 4]).unwrap_or(bytes);
    (log.len() == log::LENGTH && log.first() == Some(&1)).then(|| log::CiraLog::decode(log))?
}

/// The bytes of a dump: digits with any separators, and what `xxd` and `hexdump -C` put around them.
pub(super) fn of_hex(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let mut bytes: Vec<u8> = Vec::new();
    // The half of a byte that a line broke off.
    let mut half = None;
    let mut repeated = false;
    for line in text.lines().map(str::trim) {
        // `hexdump` says so where lines are as the one before.
        if line == "*" {
            repeated = true;
            continue;
        }
        let (offset, line) = offset_of(line, !bytes.is_empty());
        if let Some(offset) = offset.filter(|_| repeated && half.is_none()) {
            fill(&mut bytes, offset)?;
        }
        repeated = false;
        for digit in digits_of(line, offset.is_some())? {
            match half.take() {
                None => half = Some(digit << 4),
                Some(high) => bytes.push(high | digit),
            }
        }
    }
    half.is_none().then_some(bytes)
}

/// Repeats the last line up to an offset.
fn fill(bytes: &mut Vec<u8>, offset: usize) -> Option<()> {
    let line = bytes.get(bytes.len().checked_sub(LINE)?..)?.to_vec();
    let missing = offset.checked_sub(bytes.len()).filter(|missing| *missing <= BODY_MAX)?;
    bytes.extend(line.into_iter().cycle().take(missing));
    Some(())
}

/// The offset before a line of a dump, and what follows it. The last line of `hexdump` is an offset alone.
fn offset_of(line: &str, later: bool) -> (Option<usize>, &str) {
    let (word, rest) = line.split_once([':', ' ', '\t']).unwrap_or((line, ""));
    let value = usize::from_str_radix(word, 16).ok();
    let followed = rest.starts_with(' ') || line.as_bytes().get(word.len()) == Some(&b':');
    // An offset has more digits than a byte, and other dumps than these have none.
    let is_offset = (6..=8).contains(&word.len()) && (followed || (rest.is_empty() && later));
    match value.filter(|_| is_offset) {
        Some(offset) => (Some(offset), rest.trim_start()),
        None => (None, line),
    }
}

/// The digits of a line, without what it looks like as text.
fn digits_of(line: &str, dumped: bool) -> Option<Vec<u8>> {
    let line = line.split('|').next().unwrap_or(line);
    // Only `xxd` puts its text behind two blanks, where other dumps have a gap in the middle.
    let line = match line.split_once("  ") {
        Some((bytes, text)) if dumped && !is_dump(text) => bytes,
        _ => line,
    };
    let line = line.replace("0x", " ").replace("\\x", " ");
    let allowed = |c: char| c.is_whitespace() || ",:;-[]{}()\"'".contains(c);
    let digits = line.chars().filter(|c| !allowed(*c));
    digits.map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect()
}

fn is_dump(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_hexdigit() || c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cira_log::{AmtReason, CiraLog, ConnectionResult, Surroundings},
        host_interface::{Name, Status, answer},
    };

    /// Outside, the last attempt refused with alert 48, the last tunnel ended by keep-alives.
    fn log() -> log::CiraLog {
        let mut log = log::CiraLog::empty().unwrap();
        log.summary.surroundings = 2;
        log.attempt.valid = 1;
        log.attempt.mps = Name::new("mps.example.com");
        log.attempt.details[0].outcome = 4;
        log.attempt.details[0].tls = 48;
        log.tunnel.valid = 1;
        log.tunnel.closure.at = 1_700_000_000;
        log.tunnel.closure.amt_reason = 3;
        log
    }

    fn whole() -> Vec<u8> {
        answer(Command::CiraLog.word(), Ok(&Answer::CiraLog(Box::new(log()))))
    }

    fn check(given: &[u8], form: &str) {
        let Some(read) = CiraLog::from_bytes(given) else { panic!("{form} is not read") };
        assert_eq!(read.surroundings, Some(Surroundings::Outside), "{form}");
        assert_eq!(read.host.as_deref(), Some("mps.example.com"), "{form}");
        let attempt = (read.attempt, read.tls_alert, read.tcp);
        assert_eq!(attempt, (Some(ConnectionResult::Tls), Some(48), None), "{form}");
        assert_eq!(read.closure, Some(AmtReason::KeepAlive), "{form}");
        assert_eq!((read.closed_by_server, read.tunnel_open), (Some(false), Some(false)), "{form}");
    }

    #[test]
    fn an_answer_is_read_with_header_with_status_and_bare() {
        let whole = whole();
        check(&whole, "with header");
        check(&whole[12..], "with status");
        check(&whole[16..], "bare");
    }

    #[test]
    fn dumps_are_read_as_people_paste_them() {
        let whole = whole();
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>();
        let lines = |f: &dyn Fn(usize, &[u8]) -> String| {
            let lines = whole.chunks(16).enumerate().map(|(n, line)| f(n * 16, line));
            lines.collect::<Vec<_>>().join("\n")
        };
        let text = |line: &[u8]| -> String {
            let seen = |b: &u8| if b.is_ascii_graphic() { char::from(*b) } else { '.' };
            line.iter().map(seen).collect()
        };
        check(hex(&whole).concat().as_bytes(), "digits alone");
        check(hex(&whole).join(" ").to_uppercase().as_bytes(), "pairs");
        check(format!("0x{}", hex(&whole).join(", 0x")).as_bytes(), "a list of C");
        check(format!("\\x{}", hex(&whole).join("\\x")).as_bytes(), "a string of C");
        let xxd = |at: usize, line: &[u8]| {
            let pairs = hex(line).chunks(2).map(<[String]>::concat).collect::<Vec<_>>().join(" ");
            format!("{at:08x}: {pairs:<39}  {}", text(line))
        };
        check(lines(&xxd).as_bytes(), "xxd");
        let canonical = |at: usize, line: &[u8]| {
            let (left, right) = line.split_at(line.len().min(8));
            format!(
                "{at:08x}  {}  {:<23}  |{}|",
                hex(left).join(" "),
                hex(right).join(" "),
                text(line)
            )
        };
        let canonical = lines(&canonical) + &format!("\n{:08x}\n", whole.len());
        check(canonical.as_bytes(), "hexdump -C -v");
        let mut squeezed: Vec<&str> = Vec::new();
        let mut last = "";
        for line in canonical.lines() {
            match line.get(10..) {
                Some(same) if same == last => squeezed.push("*"),
                other => {
                    squeezed.push(line);
                    last = other.unwrap_or_default();
                }
            }
        }
        squeezed.dedup();
        assert!(squeezed.len() < 60, "{}", squeezed.len());
        check(squeezed.join("\n").as_bytes(), "hexdump -C");
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        let refused = answer(Command::CiraLog.word(), Err(Status::NOT_READY));
        for other in
            [&b""[..], b"CurrentConnectionState = 2", b"{\"network\":\"outside\"}", &refused]
        {
            assert_eq!(CiraLog::from_bytes(other), None);
        }
        let whole = whole();
        for cut in [1, 12, 16, 100, whole.len() - 1] {
            assert_eq!(CiraLog::from_bytes(&whole[..cut]), None, "{cut}");
        }
    }
}
