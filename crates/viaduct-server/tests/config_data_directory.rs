//! The data directory: who may read it, and that one server uses it.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use std::{fs, net::SocketAddr, os::unix::fs::PermissionsExt, path::Path};
use viaduct_server::config::data_dir::{
    DataDir, DataDirError, LockError, refuse_demo_on_real_data,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_new_directory_is_for_its_owner_only() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a/b");
    let data = DataDir::open(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(data.database(), path.canonicalize().unwrap().join("viaduct.db"));
    DataDir::open(&path).expect("and can be opened again");
}

#[test]
fn a_directory_that_others_can_read_is_refused_with_the_command_that_helps() {
    let place = tempfile::tempdir().unwrap();
    for open in [0o750, 0o705, 0o777] {
        fs::set_permissions(place.path(), fs::Permissions::from_mode(open)).unwrap();
        let error = DataDir::open(place.path()).unwrap_err();
        assert!(matches!(error, DataDirError::Readable { mode, .. } if mode == open), "{error}");
        let text = error.to_string();
        assert!(text.starts_with("E1007") && text.contains("chmod 700 /"), "{text}");
        assert_eq!(mode(place.path()), open, "it must not be changed behind the owner's back");
    }
}

#[test]
fn something_that_is_not_a_directory_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(DataDir::open(&file), Err(DataDirError::NotADirectory(_))));
    assert!(matches!(DataDir::existing(&place.path().join("no")), Err(DataDirError::Io { .. })));
    assert!(!place.path().join("no").exists());
}

#[test]
fn a_second_server_is_told_who_has_the_directory_and_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let data = DataDir::open(&place.path().join("data")).unwrap();
    let addresses: [SocketAddr; 2] =
        ["[::]:4433".parse().unwrap(), "127.0.0.1:4434".parse().unwrap()];
    let mut lock = data.lock(&[]).unwrap();
    lock.write(&addresses).unwrap();
    assert_eq!(mode(&data.lock_file()), 0o600);
    let before = fs::read(data.lock_file()).unwrap();

    let error = data.lock(&["[::]:9".parse().unwrap()]).unwrap_err();
    let LockError::Held { pid, addresses: named, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, Some(std::process::id()));
    assert_eq!(*named, ["[::]:4433", "127.0.0.1:4434"]);
    let text = error.to_string();
    for part in
        ["E1002", data.path().to_str().unwrap(), "[::]:4433", &std::process::id().to_string()]
    {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(fs::read(data.lock_file()).unwrap(), before);

    drop(lock);
    data.lock(&[]).expect("the lock goes with its holder");
}

#[test]
fn a_lock_file_of_a_server_that_crashed_is_no_obstacle() {
    let place = tempfile::tempdir().unwrap();
    let data = DataDir::open(&place.path().join("data")).unwrap();
    fs::write(data.lock_file(), "pid=1\ncira=[::]:4433\nand much more than the next one writes\n")
        .unwrap();
    let _lock = data.lock(&[]).unwrap();
    assert_eq!(
        fs::read_to_string(data.lock_file()).unwrap(),
        format!("pid={}\n", std::process::id())
    );
}

#[test]
fn a_demonstration_takes_new_empty_and_own_directories_but_no_real_data() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("data");
    refuse_demo_on_real_data(&path).unwrap();
    let data = DataDir::open(&path).unwrap();
    refuse_demo_on_real_data(&path).unwrap();
    fs::write(data.database(), "").unwrap();
    let error = refuse_demo_on_real_data(&path).unwrap_err();
    assert!(matches!(error, DataDirError::RealData(_)), "{error}");
    assert!(!data.is_demo());
    data.mark_demo().unwrap();
    assert!(data.is_demo());
    refuse_demo_on_real_data(&path).unwrap();
}
