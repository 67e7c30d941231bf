//! Parameters of UEFI boot and erasure: AMT_BootSettingData.UefiBootParametersArray, base64 of
//! records of vendor (0x8086), type, length and value, little-endian.

use std::borrow::Cow;

use amt::wsman::{Instance, Value};

use crate::services::{host::Host, live::Live};

const ARRAY: &str = "UefiBootParametersArray";
const VENDOR: u16 = 0x8086;
/// Longest URL or path; longest user name or password.
const LONG: usize = 300;
const SHORT: usize = 64;

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parameter {
    /// 1: where to boot from.
    Url(String),
    /// 2: which file to boot.
    Path(String),
    /// Any other.
    Other { kind: u16, value: Vec<u8> },
}

/// Those that are set.
pub(super) fn of(host: &Host) -> Vec<Parameter> {
    records(host).into_iter().map(|(kind, value)| named(kind, value)).collect()
}

/// Bits to erase: parameter 1 when the platform is to be erased.
pub(super) fn erasure(host: &Host) -> Option<u32> {
    let (_, value) = records(host).into_iter().find(|(kind, _)| *kind == 1)?;
    Some(u32::from_le_bytes(value.try_into().ok()?))
}

fn records(host: &Host) -> Vec<(u16, Vec<u8>)> {
    let Some(target) = amt::wsman::Target::class("AMT_BootSettingData") else { return Vec::new() };
    let found = host.store().get(&target, &Live::default());
    found.ok().and_then(|instance| read(&instance)).unwrap_or_default()
}

fn named(kind: u16, value: Vec<u8>) -> Parameter {
    match (kind, String::from_utf8(value)) {
        (1, Ok(text)) => Parameter::Url(text.trim_end_matches('\0').to_owned()),
        (2, Ok(text)) => Parameter::Path(text.trim_end_matches('\0').to_owned()),
        (_, Ok(text)) => Parameter::Other { kind, value: text.into_bytes() },
        (_, Err(error)) => Parameter::Other { kind, value: error.into_bytes() },
    }
}

/// All records of an instance; none when they cannot be read. An array of texts is one text in
/// pieces.
fn read(instance: &Instance) -> Option<Vec<(u16, Vec<u8>)>> {
    let texts = instance.all(ARRAY).filter_map(Value::as_text);
    let mut bytes = Vec::new();
    for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
        bytes.extend(openssl::base64::decode_block(text).ok()?);
    }
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        let [v0, v1, k0, k1, l0, l1, l2, l3] = *head;
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
        if u16::from_le_bytes([v0, v1]) != VENDOR || length > tail.len() {
            return None;
        }
        let (value, next) = tail.split_at(length);
        records.push((u16::from_le_bytes([k0, k1]), value.to_vec()));
        rest = next;
    }
    rest.is_empty().then_some(records)
}

/// A Put that says that there are no parameters, and leaves them out, takes those away that were there: consoles never
/// write the array back that they read.
pub(in crate::services) fn without_stale(new: &Instance) -> Cow<'_, Instance> {
    let is_none = new.text("UefiBootNumberOfParams").is_some_and(|text| text.trim() == "0");
    if !is_none || new.get(ARRAY).is_some() {
        return Cow::Borrowed(new);
    }
    let mut new = new.clone();
    new.set(ARRAY, [Value::from("")]);
    Cow::Owned(new)
}

/// What is wrong with the parameters of an instance that is to be put.
pub(super) fn check(instance: &Instance) -> Result<(), String> {
    let records = read(instance).ok_or("UefiBootParametersArray is not a list of records")?;
    let told = instance.text("UefiBootNumberOfParams").and_then(|text| text.trim().parse().ok());
    if told.unwrap_or(0) != records.len() {
        let (told, found) = (told.unwrap_or(0), records.len());
        return Err(format!("UefiBootNumberOfParams is {told}, but there are {found} parameters"));
    }
    for (kind, value) in &records {
        let most = match kind {
            1 | 2 => LONG,
            40 | 41 => SHORT,
            _ => usize::MAX,
        };
        if value.len() > most {
            return Err(format!("parameter {kind} is longer than {most} bytes"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::ResourceUri;

    fn record(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        [&VENDOR.to_le_bytes()[..], &kind.to_le_bytes(), &length, value].concat()
    }

    fn instance(bytes: &[u8], count: u32) -> Instance {
        let mut instance = Instance::new(ResourceUri::default());
        let text = openssl::base64::encode_block(bytes);
        instance.set("UefiBootParametersArray", [text.into()]);
        instance.set("UefiBootNumberOfParams", [count.into()]);
        instance
    }

    #[test]
    fn records_are_read_one_after_the_other() {
        let bytes = [record(1, b"https://boot.example/x.efi"), record(20, &[1])].concat();
        let good = instance(&bytes, 2);
        assert_eq!(check(&good), Ok(()));
        let records = read(&good).unwrap();
        assert_eq!(records[0], (1, b"https://boot.example/x.efi".to_vec()));
        assert_eq!(records[1], (20, vec![1]));
        assert_eq!(
            named(1, records[0].1.clone()),
            Parameter::Url("https://boot.example/x.efi".into())
        );
    }

    #[test]
    fn what_is_cut_off_miscounted_or_too_long_is_refused() {
        let bytes = record(1, b"https://boot.example/x.efi");
        assert!(check(&instance(&bytes, 2)).unwrap_err().contains("there are 1"));
        assert!(check(&instance(&bytes[..20], 1)).is_err());
        assert!(check(&instance(&record(1, &[b'x'; 301]), 1)).is_err());
        assert_eq!(check(&instance(&[], 0)), Ok(()));
    }
}
