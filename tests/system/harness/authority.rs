//! The certificates of a server, made once for this run of the tests: RSA keys are nearly all that a first start computes.

use super::{Directory, Process, Server};
use std::{
    fs::{DirBuilder, OpenOptions, read},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    sync::OnceLock,
};

/// What it makes for browsers costs nothing and is left to each server.
const FILES: [&str; 6] = [
    "root.key",
    "root.pem",
    "device-2048.key",
    "device-2048.pem",
    "device-3072.key",
    "device-3072.pem",
];

/// Puts them into a new data directory, as somebody does who moves an installation. Servers of the tests have one root
/// therefore; whoever needs another starts in an empty directory.
pub(super) fn give(data: &Path) {
    let directory = data.join("ca");
    DirBuilder::new().mode(0o700).create(&directory).expect("a directory can be made");
    for (name, content) in FILES.iter().zip(made()) {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(directory.join(name));
        file.and_then(|mut file| file.write_all(content)).expect("a file can be written");
    }
}

fn made() -> &'static [Vec<u8>; FILES.len()] {
    static MADE: OnceLock<[Vec<u8>; FILES.len()]> = OnceLock::new();
    MADE.get_or_init(|| {
        let (data, config) = (Directory::new(), Directory::new());
        let mut command = Server::command(data.path(), &config.write("first", ""));
        // The names of a demonstration as well, which would be given another certificate otherwise.
        command.args(["--set", "cira.names=[\"127.0.0.1\", \"localhost\"]"]);
        let process = Process::start(&command);
        process.any_line(|line| line.starts_with("root "));
        process.kill();
        FILES.map(|name| read(data.join("ca").join(name)).expect("a server makes its certificates"))
    })
}
