//! An image on the disk, read ahead of what the PC asks for: one chunk at hand, the next one on its way.

use super::watched::Watched;
use std::{fs::File, io, os::unix::fs::FileExt, path::Path};
use tokio::task::{JoinHandle, spawn_blocking};

/// Read at once. Two of these are what a mount costs in memory.
const CHUNK: u64 = 64 << 10;

/// Why a part of an image cannot be given to the PC.
#[derive(Debug, thiserror::Error)]
pub enum ImageFault {
    /// It is not the one any more that the PC began with: what was read of it and what is to come do not fit together.
    #[error("{0}")]
    Changed(String),
    #[error(transparent)]
    Unreadable(#[from] io::Error),
}

type Reading = JoinHandle<Result<Vec<u8>, ImageFault>>;

/// Reads an image for a drive.
#[derive(Debug)]
pub struct ImageReader {
    file: Watched,
    size: u64,
    have: (u64, Vec<u8>),
    ahead: Option<(u64, Reading)>,
}

impl ImageReader {
    /// Of `size` bytes; `path` is where the file is.
    ///
    /// # Errors
    /// When the disk does not say how the file is.
    pub fn new(file: File, path: &Path, size: u64) -> io::Result<Self> {
        let file = Watched::new(file, path)?;
        Ok(Self { file, size, have: (0, Vec::new()), ahead: None })
    }

    /// The file, to be looked at while it is read.
    #[must_use]
    pub fn watched(&self) -> Watched {
        self.file.clone()
    }

    /// Bytes of the image, as many as a command of a PC may ask for at once.
    ///
    /// # Errors
    /// When the file cannot be read, or has changed.
    pub async fn read(&mut self, offset: u64, length: u32) -> Result<Vec<u8>, ImageFault> {
        let length = length as usize;
        let mut out = Vec::with_capacity(length);
        while out.len() < length {
            let at = offset + out.len() as u64;
            let start = at - at % CHUNK;
            if self.have.0 != start || self.have.1.is_empty() {
                self.have = (start, self.chunk(start).await?);
            }
            let inside = usize::try_from(at - start).map_err(io::Error::other)?;
            let rest = self.have.1.get(inside..).unwrap_or_default();
            if rest.is_empty() {
                let end = io::Error::new(io::ErrorKind::UnexpectedEof, "the image is too short");
                return Err(end.into());
            }
            out.extend_from_slice(&rest[..rest.len().min(length - out.len())]);
        }
        Ok(out)
    }

    async fn chunk(&mut self, start: u64) -> Result<Vec<u8>, ImageFault> {
        let reading = match self.ahead.take() {
            Some((ahead, reading)) if ahead == start => reading,
            _ => self.send_for(start),
        };
        let chunk = reading.await.map_err(io::Error::other)??;
        let next = start + CHUNK;
        if next < self.size {
            self.ahead = Some((next, self.send_for(next)));
        }
        Ok(chunk)
    }

    fn send_for(&self, start: u64) -> Reading {
        let (watched, length) = (self.file.clone(), CHUNK.min(self.size.saturating_sub(start)));
        spawn_blocking(move || {
            let mut chunk = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            let read = watched.file().read_exact_at(&mut chunk, start);
            // Looked at afterwards: so these bytes are certainly of the image as it was.
            if let Some(how) = watched.look() {
                return Err(ImageFault::Changed(how));
            }
            read?;
            Ok(chunk)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn any_part_of_an_image_is_read_right_across_chunks_and_to_its_end() {
        let size = 2 * CHUNK + 5000;
        let image: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&image).unwrap();
        let mut source = ImageReader::new(file.reopen().unwrap(), file.path(), size).unwrap();
        for (offset, length) in [(0, 2048), (CHUNK - 10, 4096), (2 * CHUNK + 904, 4096), (5, 1)] {
            let read = source.read(offset, length).await.unwrap();
            assert_eq!(read, image[offset as usize..][..length as usize], "{offset}");
        }
        assert!(source.read(size - 1, 2).await.is_err());
    }

    #[tokio::test]
    async fn an_image_that_changes_while_it_is_read_gives_no_more_bytes_and_says_how() {
        let size = 8 * CHUNK;
        let fresh = || {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&vec![7; size as usize]).unwrap();
            let source = ImageReader::new(file.reopen().unwrap(), file.path(), size).unwrap();
            (file, source)
        };
        let later = |file: &File| {
            let then = file.metadata().unwrap().modified().unwrap();
            file.set_modified(then + std::time::Duration::from_millis(1)).unwrap();
        };
        type Deed<'a> = (&'a str, &'a dyn Fn(&mut tempfile::NamedTempFile));
        let deeds: [Deed<'_>; 3] = [
            ("it was written to", &|file| {
                file.as_file().write_all_at(b"other", 5 * CHUNK).unwrap();
                later(file.as_file());
            }),
            ("524288 bytes and has 10", &|file| file.as_file().set_len(10).unwrap()),
            ("another file is in its place", &|file| {
                let other = tempfile::NamedTempFile::new().unwrap();
                other.persist(file.path()).unwrap();
            }),
        ];
        for (how, deed) in deeds {
            let (mut file, mut source) = fresh();
            source.read(0, 2048).await.unwrap();
            assert_eq!(source.watched().changed().await, None, "{how}");
            deed(&mut file);
            let fault = source.read(5 * CHUNK, 2048).await.unwrap_err();
            assert!(matches!(fault, ImageFault::Changed(_)), "{fault:?}");
            assert!(fault.to_string().contains(how), "{fault}");
            assert_eq!(source.watched().changed().await, Some(fault.to_string()));
        }
    }

    #[tokio::test]
    async fn an_image_whose_name_is_removed_is_still_there_for_the_pc() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 4096]).unwrap();
        let mut source = ImageReader::new(file.reopen().unwrap(), file.path(), 4096).unwrap();
        file.close().unwrap();
        assert_eq!(source.read(0, 4096).await.unwrap(), [7; 4096]);
    }
}
