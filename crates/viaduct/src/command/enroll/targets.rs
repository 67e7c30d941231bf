//! Which PCs: addresses on the command line, and the lines of a CSV file.

use crate::{
    command::csv,
    failure::{Failure, Result},
};
use std::{fs, io::Read, path::Path};
use viaduct_api::EnrollTarget;

/// All PCs, in order.
pub(super) fn all(
    addresses: &[String],
    file: Option<&Path>,
    name: Option<String>,
    fingerprint: Option<String>,
) -> Result<Vec<EnrollTarget>> {
    let mut targets: Vec<EnrollTarget> = addresses
        .iter()
        .map(|address| EnrollTarget { address: address.clone(), ..EnrollTarget::default() })
        .collect();
    if let Some(file) = file {
        targets.extend(from_csv(&read(file)?)?);
    }
    match targets.as_mut_slice() {
        [] => {
            return Err(Failure::usage(
                "no PC is named; give addresses (before --mps), or a file with --csv",
            ));
        }
        [one] => {
            one.name = name.or_else(|| one.name.take());
            one.fingerprint = fingerprint.or_else(|| one.fingerprint.take());
        }
        _ if name.is_some() => {
            return Err(Failure::usage("--name is for one PC; a CSV file can name many"));
        }
        _ if fingerprint.is_some() => {
            return Err(Failure::usage("--fingerprint is for one PC; a CSV file can hold many"));
        }
        _ => {}
    }
    Ok(targets)
}

fn read(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(file).map_err(|error| Failure::local(file.display(), error))
}

fn from_csv(text: &str) -> Result<Vec<EnrollTarget>> {
    let mut rows = csv::rows(text)?.into_iter();
    let Some((_, head)) = rows.next() else { return Ok(Vec::new()) };
    rows.map(|(line, row)| {
        let wrong = |why: String| Failure::usage(format!("line {line}: {why}; nothing was done"));
        if row.len() != head.len() {
            return Err(wrong(format!("{} fields where the header has {}", row.len(), head.len())));
        }
        let mut target = EnrollTarget::default();
        for (column, value) in head.iter().zip(row).filter(|(_, value)| !value.is_empty()) {
            match column.trim().to_lowercase().as_str() {
                "address" => target.address = value,
                "name" => target.name = Some(value),
                "fqdn" => target.fqdn = Some(value),
                "amt_user" => target.amt_user = Some(value),
                "amt_password" => target.amt_password = Some(value),
                "fingerprint" => target.fingerprint = Some(value),
                other => return Err(wrong(format!("the column `{other}` is not known"))),
            }
        }
        if target.address.is_empty() {
            return Err(wrong("the address is missing".to_owned()));
        }
        Ok(target)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_csv_file_are_pcs() {
        let text = "name,address,amt_password\npc-1,192.0.2.7,\"a,b\"\n,pc-2.example,\n";
        let targets = from_csv(text).unwrap();
        assert_eq!(targets[0].name.as_deref(), Some("pc-1"));
        assert_eq!(targets[0].amt_password.as_deref(), Some("a,b"));
        assert_eq!((targets[1].address.as_str(), &targets[1].name), ("pc-2.example", &None));
        for bad in ["address,colour\na,b\n", "name\npc\n", "address\na,b\n"] {
            assert!(from_csv(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_name_is_for_one_pc() {
        let two = ["a".to_owned(), "b".to_owned()];
        assert!(all(&two, None, Some("pc".into()), None).is_err());
        assert!(all(&[], None, None, None).is_err());
        let one = all(&two[..1], None, Some("pc".into()), None).unwrap();
        assert_eq!(one[0].name.as_deref(), Some("pc"));
    }
}
