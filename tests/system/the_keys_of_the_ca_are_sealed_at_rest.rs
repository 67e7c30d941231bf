//! With a master key the private keys of the server's own CA lie sealed on the disk, those that lay open too; PCs notice
//! nothing, and without the master key nothing starts and nothing is made anew.

use crate::harness::{Directory, Platform, Process, Server, Settings, run};
use std::{fs, path::Path};

const GUID: &str = "44444444-2222-4333-8444-555555555555";

/// The files below that hold a private key anybody can read.
fn open_keys(data: &Path) -> Vec<String> {
    let files = fs::read_dir(data.join("ca")).unwrap().map(|entry| entry.unwrap().path());
    let open = files
        .filter(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).contains("PRIVATE KEY"));
    open.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn doctor(server: &Server) -> String {
    let done = server.try_cli(&["doctor"]);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn open_keys_are_sealed_at_the_next_start_and_the_pc_comes_back() {
    let keys = Directory::new();
    let master = keys.write("master.key", "a master key that is long enough to be one");
    run("chmod", ["600", master.to_str().unwrap()]);
    let with = Settings { toml: format!("[store]\nmaster_key = \"{}\"\n", master.display()) };

    let server = Server::start(&Settings::default());
    let data = server.data.path().to_owned();
    assert!(open_keys(&data).contains(&"root.key".to_owned()));
    assert!(doctor(&server).contains("root's private key lies unsealed"), "{}", doctor(&server));
    server.add_device("pc-kept", GUID, "kept", "Kept-Password-1");
    let before = server.cli(&["cert", "export"]);
    let directory = server.end(|process| {
        process.terminate();
    });

    let server = Server::start_in(directory, &with);
    assert_eq!(open_keys(&data), [""; 0]);
    assert_eq!(server.cli(&["cert", "export"]), before, "the same root");
    assert!(doctor(&server).contains("root's private key is sealed"), "{}", doctor(&server));
    let root = server.root_certificate();
    let mps = server.device_listeners().remove(0);
    let _pc = Platform::dial(&mps, &root, GUID, "kept", "Kept-Password-1").connected();
    server.cli(&["cert", "reload"]);
    // What is made later is sealed from the first moment on, and the rotation goes through with it.
    server.cli(&["cert", "rotate", "--push", "--yes"]);
    assert!(data.join("ca/next-root.key").exists());
    assert_eq!(open_keys(&data), [""; 0]);
    server.cli(&["cert", "rotate", "--activate", "--force", "--yes"]);
    let after = server.cli(&["cert", "export"]);
    assert_ne!(after, before);
    assert_eq!(open_keys(&data), [""; 0], "the old root's as well");
    let directory = server.end(Process::kill);

    let refused = Process::start(&Server::command(directory.path(), &keys.write("none.toml", "")));
    let why = refused.any_line(|line| line.contains("sealed with a master key"));
    assert!(why.contains("store.master_key"), "{why}");
    assert!(!refused.wait().success());
    assert_eq!(open_keys(&data), [""; 0], "nothing was made in its place");

    let server = Server::start_in(directory, &with);
    assert_eq!(server.cli(&["cert", "export"]), after);
}
