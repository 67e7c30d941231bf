//! A second server on the same data directory, or on the same address, says who is there and leaves
//! everything as it was.

use crate::harness::{Directory, Server, Settings, output};

/// Names, sizes and times of all files.
fn picture(server: &Server) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut files: Vec<_> = std::fs::read_dir(server.data.path())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let facts = entry.metadata().unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, facts.len(), facts.modified().unwrap())
        })
        // The running server may write its database at any time.
        .filter(|(name, ..)| !name.contains(".db"))
        .collect();
    files.sort();
    files
}

#[test]
fn one_instance_per_data_directory_a_second_start_names_the_first() {
    let server = Server::start(&Settings::default());
    let address = server.device_listeners().remove(0);
    let before = picture(&server);
    let config = Directory::new();
    let file = config.write("viaduct.toml", "");

    let second = output(&mut Server::command(server.data.path(), &file));

    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    let data = server.data.path().display().to_string();
    for fact in [&server.process.pid().to_string(), &data, &address] {
        assert!(said.contains(fact.as_str()), "{fact} in:\n{said}");
    }
    assert_eq!(picture(&server), before, "nothing was touched");
    server.cli(&["status"]);
}

#[test]
fn one_instance_per_address_a_second_start_names_the_first() {
    let server = Server::start(&Settings::default());
    let address = server.device_listeners().remove(0);
    let other = Directory::new();
    let config = Directory::new();
    let file = config.write("viaduct.toml", "");

    let mut second = Server::command(other.path(), &file);
    second.args(["--set", &format!("cira.listen={address}")]);
    let second = output(&mut second);

    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(2), "{said}");
    for fact in [&server.process.pid().to_string(), &address] {
        assert!(said.contains(fact.as_str()), "{fact} in:\n{said}");
    }
    server.cli(&["status"]);
}
