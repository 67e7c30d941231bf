//! `devices import`: many devices from a JSON or CSV file.

use super::{
    super::{Desk, csv::rows},
    label,
};
use crate::{
    failure::{Failure, Result, sum_up},
    say::note,
};
use std::{collections::BTreeMap, fs, io::Read, path::PathBuf};
use viaduct_api::{ImportOutcome, NewDevice, PortableDevice, Problem, WrittenDevice};

/// Devices sent at once: below the server's limits of number and bytes.
const PART: usize = 500;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "CSV needs a header line; its columns are name, guid, fqdn, labels (k=v k=v), cira_user, \
cira_password, amt_user, amt_password. JSON is an array of objects as the API takes them, or what `devices export` wrote.\n\
Credentials that had to be made are in the printed list, and nowhere else."
)]
pub(crate) struct Options {
    /// JSON or CSV file, - for standard input
    file: PathBuf,
}

pub(super) async fn import(desk: &Desk, options: Options) -> Result<()> {
    let text = read(&options.file)?;
    let wishes = match text.trim_start().starts_with(['[', '{']) {
        true => from_json(&text)?,
        false => from_csv(&text)?,
    };
    for (index, wish) in wishes.iter().enumerate() {
        if wish.device.device_id().is_none() {
            return Err(Failure::usage(format!(
                "device {} has no usable guid; nothing was added",
                index + 1
            )));
        }
    }
    let (path, done) = match desk.dry_run {
        true => ("/imports/check", "could be added"),
        false => ("/imports", "added"),
    };
    let (mut added, mut failures) = (Vec::<WrittenDevice>::new(), Vec::new());
    for part in wishes.chunks(PART) {
        match desk.client.post::<_, Vec<ImportOutcome>>(path, &part).await {
            Ok(outcomes) => {
                for (wish, outcome) in part.iter().zip(outcomes) {
                    match outcome {
                        ImportOutcome::Added(written) => added.push(*written),
                        ImportOutcome::Refused(problem) => failures.push(about(wish, problem)),
                    }
                }
            }
            // What was made so far must be printed, whatever became of the rest.
            Err(failure) => {
                failures.push(failure);
                break;
            }
        }
        if wishes.len() > PART {
            note(&format!("{} of {} …", added.len() + failures.len(), wishes.len()));
        }
    }
    let issued = |written: &WrittenDevice, secret: bool| {
        let issued = written.issued.as_ref();
        issued.map(|i| if secret { i.password.clone() } else { i.user.clone() }).unwrap_or_default()
    };
    if !added.is_empty() || failures.is_empty() {
        // A failure leaves the output empty.
        desk.printer.list(
            &added,
            &[
                ("NAME", &|it| it.device.name.clone()),
                ("GUID", &|it| it.device.guid.to_string()),
                ("CIRA_USER", &|it| issued(it, false)),
                ("CIRA_PASSWORD", &|it| issued(it, true)),
            ],
        )?;
    }
    note(&format!("{} of {} devices {done}", added.len(), wishes.len()));
    sum_up(added.len(), failures)
}

/// Which of them it was.
fn about(wish: &PortableDevice, mut problem: Problem) -> Failure {
    let guid = wish.device.device_id().map(|id| id.to_string()).unwrap_or_default();
    let name = wish.device.name.as_deref().unwrap_or(&guid);
    problem.detail = format!("{name}: {}", problem.detail);
    problem.into()
}

fn read(file: &PathBuf) -> Result<String> {
    if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(file).map_err(|error| Failure::local(file.display(), error))
}

fn from_json(text: &str) -> Result<Vec<PortableDevice>> {
    let bad = |error: serde_json::Error| {
        Failure::usage(format!("the file is not what is expected: {error}"))
    };
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(bad);
    }
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<std::result::Result<_, _>>()
        .map_err(bad)
}

fn from_csv(text: &str) -> Result<Vec<PortableDevice>> {
    let mut rows = rows(text)?.into_iter();
    let Some((_, head)) = rows.next() else { return Ok(Vec::new()) };
    rows.map(|(line, row)| {
        let wrong = |why: String| Failure::usage(format!("line {line}: {why}; nothing was added"));
        if row.len() != head.len() {
            return Err(wrong(format!("{} fields where the header has {}", row.len(), head.len())));
        }
        let mut wish = NewDevice::default();
        for (column, value) in head.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
            match column.trim().to_lowercase().as_str() {
                "name" => wish.name = Some(value),
                "guid" => wish.guid = Some(value.into()),
                "fqdn" => wish.fqdn = Some(Some(value)),
                "cira_user" => wish.mpsusername = Some(value),
                "cira_password" => wish.cira_password = Some(value),
                "amt_user" => wish.amt_user = Some(value),
                "amt_password" => wish.amt_password = Some(value),
                "labels" => {
                    let labels: std::result::Result<BTreeMap<_, _>, _> =
                        value.split_whitespace().map(label).collect();
                    wish.labels = Some(labels.map_err(wrong)?);
                }
                other => return Err(wrong(format!("the column `{other}` is not known"))),
            }
        }
        Ok(PortableDevice { device: wish, ..PortableDevice::default() })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";

    #[test]
    fn csv_is_read_with_quotes_and_any_order_of_columns() {
        let text =
            format!("guid,labels,name\r\n{GUID},site=berlin lab,\"pc, \"\"one\"\"\"\r\n\r\n");
        let devices = from_csv(&text).unwrap();
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].device.name.as_deref(), Some("pc, \"one\""));
        assert_eq!(devices[0].device.labels.as_ref().unwrap()["site"], "berlin");
        assert!(devices[0].device.device_id().is_some());
    }

    #[test]
    fn csv_with_a_fault_is_refused_by_line() {
        for text in ["name,colour\na,red\n", "name,guid\na\n", "name\n\"a\n", "name,labels\na,=x\n"]
        {
            assert!(from_csv(text).is_err(), "{text}");
        }
        assert!(from_csv("").unwrap().is_empty());
    }

    #[test]
    fn json_is_an_array_or_one_object_a_line() {
        let one = format!(r#"{{"guid":"{GUID}","name":"a"}}"#);
        assert_eq!(from_json(&format!("[{one}]")).unwrap().len(), 1);
        assert_eq!(from_json(&format!("{one}\n{one}\n")).unwrap().len(), 2);
        assert!(from_json("[1]").is_err());
    }
}
