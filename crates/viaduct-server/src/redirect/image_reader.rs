//! An image on the disk, read ahead of what the PC asks for: one chunk at hand, the next one on its way.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};
use tokio::task::{JoinHandle, spawn_blocking};

/// Read at once. Two of these are what a mount costs in memory.
const CHUNK: u64 = 64 << 10;

/// Reads an image for a drive.
#[derive(Debug)]
pub struct ImageReader {
    file: Arc<File>,
    size: u64,
    have: (u64, Vec<u8>),
    ahead: Option<(u64, JoinHandle<io::Result<Vec<u8>>>)>,
}

impl ImageReader {
    /// Of `size` bytes.
    #[must_use]
    pub fn new(file: File, size: u64) -> Self {
        Self { file: Arc::new(file), size, have: (0, Vec::new()), ahead: None }
    }

    /// Bytes of the image, as many as a command of a PC may ask for at once.
    ///
    /// # Errors
    /// When the file cannot be read, or has become shorter.
    pub async fn read(&mut self, offset: u64, length: u32) -> io::Result<Vec<u8>> {
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
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the image is too short"));
            }
            out.extend_from_slice(&rest[..rest.len().min(length - out.len())]);
        }
        Ok(out)
    }

    async fn chunk(&mut self, start: u64) -> io::Result<Vec<u8>> {
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

    fn send_for(&self, start: u64) -> JoinHandle<io::Result<Vec<u8>>> {
        let (file, length) = (Arc::clone(&self.file), CHUNK.min(self.size.saturating_sub(start)));
        spawn_blocking(move || {
            let mut chunk = vec![0; usize::try_from(length).map_err(io::Error::other)?];
            file.read_exact_at(&mut chunk, start)?;
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
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&image).unwrap();
        let mut source = ImageReader::new(file, size);
        for (offset, length) in [(0, 2048), (CHUNK - 10, 4096), (2 * CHUNK + 904, 4096), (5, 1)] {
            let read = source.read(offset, length).await.unwrap();
            assert_eq!(read, image[offset as usize..][..length as usize], "{offset}");
        }
        assert!(source.read(size - 1, 2).await.is_err());
    }
}
