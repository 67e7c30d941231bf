//! Whether the file of an image is still the one that was uploaded.

use super::{MediaError, Record, record, upload::hash};
use std::{
    fs::File,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::AtomicBool,
};

/// What changes with every write to a file, also by those who turn back its time of modification.
pub(super) fn stamp(file: &File) -> io::Result<String> {
    let facts = file.metadata()?;
    let (second, part) = (facts.ctime(), facts.ctime_nsec());
    Ok(format!("{} {} {second}.{part:09}", facts.ino(), facts.len()))
}

/// Whether the file is another than the one of the hash, or may be.
pub(super) fn is_touched(path: &Path, record: &Record) -> bool {
    let now = File::open(path).and_then(|file| stamp(&file));
    now.ok() != record.stamp()
}

/// Opens the file of a complete image. Only one that was touched since (a backup that was put back does that, too) is read
/// as a whole, once; of 64 GiB that takes minutes.
pub(super) fn open(
    directory: &Path,
    record: &Record,
    sha256: &str,
    stop: &AtomicBool,
) -> Result<File, MediaError> {
    let changed = |how: String| MediaError::Changed { name: record.facts.name.clone(), how };
    let path = record::image(directory, &record.facts.id);
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => changed(format!("its file {}.iso is gone", record.facts.id)),
        _ => error.into(),
    })?;
    let now = stamp(&file)?;
    if record.stamp().as_ref() == Some(&now) {
        return Ok(file);
    }
    let (size, length) = (record.facts.size, file.metadata()?.len());
    if size != length {
        return Err(changed(format!("it had {size} bytes and has {length}")));
    }
    let found = hash(&file, stop)?;
    if found != sha256 {
        return Err(changed(format!("it had the SHA-256 {sha256} and has {found}")));
    }
    record.complete(directory, found, now)?;
    Ok(file)
}
