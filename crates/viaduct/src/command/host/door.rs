//! The way to AMT: the driver of the management engine, or a Unix socket that speaks the same.
//!
//! A driver's file must be told the client that is meant (`IOCTL_MEI_CONNECT_CLIENT`). That system call hands memory to
//! the kernel, which safe Rust cannot do; socat does it, and passes the messages on.

use crate::failure::{Failure, Result};
use amt::host_interface::{CLIENT, HEADER, Header};
use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::FileTypeExt,
    path::Path,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};
use viaduct_api::Code;

/// Where Linux has it.
pub(super) const DRIVER: &str = "/dev/mei0";
/// `_IOWR('H', 1, struct mei_connect_client_data)` of the kernel's `linux/mei.h`.
const CONNECT: &str = "0xc0104801";
/// AMT answers within a second or two; when it is busy it says so.
const DEADLINE: Duration = Duration::from_secs(20);
/// Of what socat says when it fails.
const WORDS_MAX: u64 = 2048;

/// An open way to AMT.
#[derive(Debug)]
pub(super) enum Door {
    Socket(UnixStream),
    Driver { child: Box<Child>, input: ChildStdin, output: ChildStdout },
}

impl Door {
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let kind = match fs::metadata(path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) => return Err(missing(path, &error)),
        };
        if kind.is_socket() {
            let stream = UnixStream::connect(path).await.map_err(|error| missing(path, &error))?;
            return Ok(Self::Socket(stream));
        }
        if !kind.is_char_device() {
            let detail = format!("{} is neither a driver nor a Unix socket", path.display());
            return Err(Failure::new(Code::HostDriver, detail));
        }
        // Asked by ourselves, because we have better words than socat.
        if let Err(error) = File::options().read(true).write(true).open(path) {
            return Err(missing(path, &error));
        }
        Self::bridge(path)
    }

    fn bridge(path: &Path) -> Result<Self> {
        let client: String = CLIENT.to_bytes_le().iter().map(|b| format!("{b:02x}")).collect();
        let path = path.display().to_string();
        if path.contains([',', ':', '!', '"', '\'', '\\']) {
            return Err(Failure::usage("the path of --mei has characters that no driver's has"));
        }
        let mut child = Command::new("socat")
            .args(["-t", "5", "-", &format!("OPEN:{path},ioctl-bin={CONNECT}:x{client}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| no_socat(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                Ok(Self::Driver { child: Box::new(child), input, output })
            }
            _ => Err(Failure::local("socat", "it has no pipes")),
        }
    }

    /// Sends a message and reads the answer: header and body.
    pub(super) async fn exchange(&mut self, message: &[u8]) -> Result<Vec<u8>> {
        let answer = match self {
            Self::Socket(stream) => {
                let (mut read, mut write) = stream.split();
                timeout(DEADLINE, talk(&mut read, &mut write, message)).await
            }
            Self::Driver { input, output, .. } => {
                timeout(DEADLINE, talk(output, input, message)).await
            }
        };
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(self.lost(&error).await),
            Err(_) => {
                let detail = format!("AMT did not answer within {} s", DEADLINE.as_secs());
                Err(Failure::new(Code::HostSilent, detail))
            }
        }
    }

    async fn lost(&mut self, error: &io::Error) -> Failure {
        let Self::Driver { child, .. } = self else {
            let detail = format!("the connection ended before an answer came: {error}");
            return Failure::new(Code::HostSilent, detail);
        };
        let mut words = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            // What cannot be read is missing from the words, no more.
            drop(timeout(DEADLINE, stderr.take(WORDS_MAX).read_to_end(&mut words)).await);
        }
        let words = String::from_utf8_lossy(&words);
        let words = words.lines().next().unwrap_or_default().trim().to_owned();
        if words.contains("ioctl") {
            let detail = format!("the driver knows no AMT: {words}");
            return Failure::new(Code::HostDriver, detail).next(
                "AMT is missing or switched off on this PC. Look for Intel AMT, or Intel ME, in its BIOS setup.",
            );
        }
        Failure::new(Code::HostSilent, format!("the driver gave no answer: {error}; {words}"))
    }
}

/// One message each way. The driver wants each in one piece.
async fn talk(
    read: &mut (impl AsyncReadExt + Unpin),
    write: &mut (impl AsyncWriteExt + Unpin),
    message: &[u8],
) -> io::Result<Vec<u8>> {
    write.write_all(message).await?;
    write.flush().await?;
    let mut head = [0; HEADER];
    read.read_exact(&mut head).await?;
    let length = Header::decode(&head).map(|header| header.body()).transpose();
    let length = length.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    let mut body = vec![0; length.unwrap_or_default()];
    read.read_exact(&mut body).await?;
    Ok([&head, body.as_slice()].concat())
}

/// Why there is no way to AMT, and how to get one.
fn missing(path: &Path, error: &io::Error) -> Failure {
    let path_words = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied => {
            let detail = format!("{path_words}: {error}");
            Failure::new(Code::HostRights, detail)
        }
        ErrorKind::NotFound if path == Path::new(DRIVER) => {
            let loaded = Path::new("/sys/module/mei_me").exists();
            let (why, next) = if loaded {
                (
                    "the driver mei_me is there, and has found no management engine",
                    "AMT is missing or switched off on this PC. Look for Intel AMT, or Intel ME, in its BIOS setup.",
                )
            } else {
                (
                    "the driver mei_me is not loaded",
                    "`sudo modprobe mei_me` loads it; when it says that there is no such module, install the kernel's extra modules. Inside a virtual machine or a container there is none.",
                )
            };
            Failure::new(Code::HostDriver, format!("there is no {path_words}: {why}")).next(next)
        }
        ErrorKind::ConnectionRefused => {
            let detail = format!("nobody listens at {path_words}");
            Failure::new(Code::HostDriver, detail)
                .next("Start what should listen there, for instance `amt-sim run --heci PATH`.")
        }
        _ => Failure::new(Code::HostDriver, format!("{path_words}: {error}")),
    }
}

fn no_socat(error: &io::Error) -> Failure {
    if error.kind() == ErrorKind::NotFound {
        return Failure::new(
            Code::HostDriver,
            "socat is missing, which speaks to the driver for us",
        )
        .next("Install it: `sudo apt install socat`, `sudo dnf install socat`.");
    }
    Failure::local("socat", error)
}
