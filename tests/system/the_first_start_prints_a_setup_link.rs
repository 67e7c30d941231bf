//! The first start makes everything it needs, readable by its owner alone, and prints the one-time
//! link with which the first user is made.

use crate::harness::{Server, Settings};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Every file and directory below, with its permissions.
fn permissions(directory: &Path, found: &mut Vec<(String, u32, bool)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let facts = fs::symlink_metadata(&path).unwrap();
        found.push((
            path.display().to_string(),
            facts.permissions().mode() & 0o777,
            facts.is_dir(),
        ));
        if facts.is_dir() {
            permissions(&path, found);
        }
    }
}

#[test]
fn the_link_is_printed_on_the_first_start_until_a_user_exists() {
    let server = Server::start(&Settings::default());
    let web = server.address("web and API");
    let port = web.rsplit(':').next().unwrap().to_owned();
    let link = server.process.any_line(|line| line.contains("https://") && line.contains("setup"));
    assert!(link.contains(&port), "the link leads to this server: {link}");
}

#[test]
fn what_it_makes_is_readable_by_its_owner_alone() {
    let server = Server::start(&Settings::default());
    let mut found = Vec::new();
    permissions(server.data.path(), &mut found);
    assert!(found.iter().any(|(path, ..)| path.ends_with(".db")), "a database: {found:?}");
    for (path, mode, directory) in &found {
        let expected = if *directory { 0o700 } else { 0o600 };
        assert_eq!(mode & !expected, 0, "{path} has {mode:o}, at most {expected:o} is right");
    }
    let own = fs::metadata(server.data.path()).unwrap().permissions().mode() & 0o777;
    assert_eq!(own, 0o700);
}
