//! `devices why-offline`: what was seen, the likely cause, what to try.

use super::super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    say::inert,
};
use std::{
    fs,
    io::{self, Read},
    path::Path,
};
use viaduct_api::{Seen, WhyOffline};

/// No firmware's log is larger.
const LOG_MAX: u64 = 256 << 10;

pub(super) async fn why_offline(desk: &Desk, device: &str, log: Option<&Path>) -> Result<()> {
    let path = format!("/devices/{}/why-offline", segment(device));
    let why: WhyOffline = match log {
        None => desk.client.get(&path).await?,
        Some(file) => desk.client.post_bytes(&path, read(file)?).await?,
    };
    desk.printer.text_or(&why, text)
}

/// A log as it is, whatever is in it.
fn read(file: &Path) -> Result<Vec<u8>> {
    let mut log = Vec::new();
    if file == Path::new("-") {
        io::stdin().take(LOG_MAX).read_to_end(&mut log)?;
        return Ok(log);
    }
    fs::File::open(file)
        .and_then(|open| open.take(LOG_MAX).read_to_end(&mut log))
        .map_err(|error| Failure::local(file.display(), error))?;
    Ok(log)
}

fn text(why: &WhyOffline) -> String {
    let mut lines = vec![why.summary.clone()];
    for check in &why.checks {
        let mark = match check.seen {
            Seen::Good => '✓',
            Seen::Bad => '✗',
            Seen::Neutral => '·',
        };
        lines.push(format!(" {mark} {:<12}{}", check.about, check.text));
    }
    if !why.likely.is_empty() {
        let code = why.code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        lines.push(format!("Most likely    {}{code}", why.likely));
    }
    for (index, step) in why.next.iter().enumerate() {
        let head = if index == 0 { "Try" } else { "" };
        lines.push(format!("{head:<15}{}. {step}", index + 1));
    }
    lines.iter().map(|line| inert(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use viaduct_api::Check;

    #[test]
    fn the_steps_are_numbered_and_nothing_from_a_device_moves_the_cursor() {
        let why = WhyOffline {
            guid: "4c4c4544-004b-4210-8033-b6c04f504633".parse().unwrap(),
            name: "pc".into(),
            connected: false,
            summary: "pc has been away for 2 h".into(),
            checks: vec![Check {
                seen: Seen::Bad,
                about: "since then".into(),
                text: "bad\u{1b}[1A".into(),
                said: Vec::new(),
            }],
            likely: "no power".into(),
            next: vec!["plug it in".into(), "wait".into()],
            code: Some("E2019".into()),
            said: None,
            cause: None,
        };
        let text = text(&why);
        assert!(text.contains(" ✗ since then  bad"), "{text}");
        assert!(text.contains("Most likely    no power (E2019)"), "{text}");
        assert!(text.ends_with("Try            1. plug it in\n               2. wait"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
