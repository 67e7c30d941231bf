//! An image on its way into the library, in pieces: what came is kept, and the rest is sent when the way is there again.

use super::super::Desk;
use crate::{
    age::{bytes, span},
    client::segment,
    failure::{Exit, Failure, Result},
    render::Format,
    say::{bar_off, data, is_watched, note, progress},
};
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::sleep;
use viaduct_api::{Code, MediaImage, NewImage};

/// Sent at once: little at first, then as much as goes in about [`PACE`].
const PIECE_MIN: usize = 256 << 10;
const PIECE_MAX: usize = 16 << 20;
const PACE: Duration = Duration::from_secs(1);
/// Read at once for the hash.
const CHUNK: usize = 1 << 20;
/// A way that is gone is tried again so often without any progress, after so long each time.
const TRIES: u32 = 10;
const REST: Duration = Duration::from_secs(2);
/// Blocks of a CD.
const BLOCK: u64 = 2048;

/// A hash in hexadecimal, as `sha256sum` prints it; what follows it there is left out.
pub(super) fn sha256(text: &str) -> std::result::Result<String, String> {
    let hash = text.split_whitespace().next().unwrap_or_default();
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("a SHA-256 has 64 hexadecimal digits".to_owned());
    }
    Ok(hash.to_ascii_lowercase())
}

pub(super) async fn run(
    desk: &Desk,
    path: &Path,
    name: Option<String>,
    expected: Option<String>,
) -> Result<()> {
    let (file, size) = open(path)?;
    let own_name = || Some(path.file_name()?.to_string_lossy().into_owned());
    let Some(name) = name.or_else(own_name) else {
        return Err(Failure::usage("what shall it be called? give --name"));
    };
    let sha256 = hash(&file, size).map_err(|error| Failure::local(path.display(), error))?;
    if let Some(expected) = expected.filter(|expected| *expected != sha256) {
        let shown = path.display();
        let detail = format!("{shown} was to have the SHA-256 {expected} and has {sha256}");
        return Err(Failure::new(Code::MediaHash, detail).next(
            "Nothing was sent. Fetch the image again, or look whether the hash is of another one.",
        ));
    }
    let wish = NewImage { name: name.clone(), size, sha256: Some(sha256.clone()) };
    let image: MediaImage = match desk.client.post("/media", &wish).await {
        Ok(image) => image,
        Err(failure) if failure.code() == Some(Code::MediaExists) => {
            return there_already(desk, &name, &sha256, failure).await;
        }
        Err(failure) => return Err(failure),
    };
    if image.offset > 0 {
        note(&format!("goes on behind {}, which are there already", bytes(image.offset)));
    }
    let image = send(desk, &file, image).await?;
    note(&format!("{} is in the library ({}), and has the same hash there", name, bytes(size)));
    match desk.printer.format {
        Format::Table => data(&format!("{sha256}  {name}")),
        _ => desk.printer.text_or(&image, |_| String::new())?,
    }
    Ok(())
}

fn open(path: &Path) -> Result<(File, u64)> {
    let wrong = |why: &str| Failure::usage(format!("{} {why}", path.display()));
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => wrong("does not exist"),
        _ => wrong(&format!("cannot be read: {error}")),
    })?;
    let facts = file.metadata().map_err(|error| wrong(&error.to_string()))?;
    match facts.len() {
        _ if facts.is_dir() => Err(wrong("is a directory")),
        0 => Err(wrong("is empty")),
        size if size < BLOCK => {
            Err(wrong(&format!("has {size} bytes; a CD has at least one block of {BLOCK}")))
        }
        size => Ok((file, size)),
    }
}

/// An image of that name that is the same one is what was wanted.
async fn there_already(desk: &Desk, name: &str, sha256: &str, failure: Failure) -> Result<()> {
    let there: MediaImage = desk.client.get(&format!("/media/{}", segment(name))).await?;
    if there.sha256.as_deref() == Some(sha256) {
        note(&format!("{name} is in the library already, with this hash"));
        return match desk.printer.format {
            Format::Table => {
                data(&format!("{sha256}  {name}"));
                Ok(())
            }
            _ => desk.printer.text_or(&there, |_| String::new()),
        };
    }
    Err(failure.next(format!(
        "It is another image. Choose another --name, or remove that one: `viaduct media rm {name}`."
    )))
}

fn hash(file: &File, size: u64) -> io::Result<String> {
    let (mut file, mut hasher, mut chunk) = (file, Sha256::new(), vec![0; CHUNK]);
    let (mut over, mut shown) = (0_u64, Instant::now());
    loop {
        match file.read(&mut chunk)? {
            0 => break,
            read => {
                hasher.update(chunk.get(..read).unwrap_or_default());
                over += read as u64;
            }
        }
        if shown.elapsed() >= PACE {
            shown = Instant::now();
            progress(over as f64 / size.max(1) as f64, "reading, for the hash");
        }
    }
    bar_off();
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Sends what is missing.
async fn send(desk: &Desk, file: &File, mut image: MediaImage) -> Result<MediaImage> {
    let path = format!("/media/{}", image.id);
    let (began, from) = (Instant::now(), image.offset);
    let (mut piece, mut tries) = (PIECE_MIN, 0);
    while !image.complete {
        show(&image, from, began);
        let left = usize::try_from(image.size - image.offset).unwrap_or(usize::MAX);
        let mut bytes = vec![0; piece.min(left)];
        let read = file.read_exact_at(&mut bytes, image.offset);
        read.map_err(|error| Failure::local("the image has changed meanwhile", error))?;
        let began = Instant::now();
        match desk.client.append(&path, image.offset, bytes).await {
            Ok(further) => {
                image = further;
                tries = 0;
                piece = match began.elapsed() {
                    took if took < PACE / 2 => (piece * 2).min(PIECE_MAX),
                    took if took > PACE * 2 => (piece / 2).max(PIECE_MIN),
                    _ => piece,
                };
            }
            Err(failure) => {
                bar_off();
                let again = failure.exit == Exit::Unreachable
                    || matches!(failure.code(), Some(Code::UploadOffset | Code::SlowRequest));
                if !again || tries >= TRIES {
                    return Err(stopped(failure, &image));
                }
                tries += 1;
                if tries == 1 {
                    note(&format!(
                        "interrupted: {}; it goes on as soon as it can",
                        failure.detail()
                    ));
                }
                piece = PIECE_MIN;
                sleep(REST).await;
                // Where it stands is for the server to say.
                if let Ok(there) = desk.client.get::<MediaImage>(&path).await {
                    image = there;
                }
            }
        }
    }
    show(&image, from, began);
    if is_watched() {
        note("");
    }
    Ok(image)
}

/// Why it does not go on, and that what came is kept.
fn stopped(failure: Failure, image: &MediaImage) -> Failure {
    if failure.exit != Exit::Unreachable {
        return failure;
    }
    let percent = image.offset * 100 / image.size.max(1);
    failure.next(format!("Run the same command again: it goes on at {percent} %."))
}

fn show(image: &MediaImage, from: u64, began: Instant) {
    let speed =
        (image.offset - from.min(image.offset)) as f64 / began.elapsed().as_secs_f64().max(0.1);
    let left = (image.size - image.offset) as f64 / speed.max(1.0);
    let share = image.offset as f64 / image.size.max(1) as f64;
    let left = match image.offset > from && image.offset < image.size {
        true => format!(", {} left", span(time::Duration::seconds_f64(left.min(1e7)))),
        false => String::new(),
    };
    let (here, size) = (bytes(image.offset), bytes(image.size));
    let words =
        format!("{:.0} %  {here} of {size}, {}/s{left}", share * 100.0, bytes(speed as u64));
    progress(share, &words);
}
