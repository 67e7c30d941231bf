//! What the library promises, over a directory of its own.

use super::*;
use crate::access::{Role, Scope};

fn wish(name: &str, size: u64) -> NewImage {
    NewImage { name: name.into(), size, sha256: None }
}

fn ines() -> Principal {
    Principal::new("ines", Scope::Admin)
}

#[tokio::test]
async fn an_upload_goes_on_after_a_restart_and_ends_with_the_hash() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Media::open(directory.path().join("media"), &Limits::default()).unwrap();
    let media = open();
    let record = media.begin(&ines(), wish("a.iso", 4096)).unwrap();
    let mut upload = media.resume(&record, 0).await.unwrap();
    assert!(matches!(media.resume(&record, 0).await, Err(MediaError::Sending(_))));
    upload.write(vec![7; 1000]).await.unwrap();
    drop(upload);
    let media = open();
    let record = media.begin(&ines(), wish("a.iso", 4096)).unwrap();
    assert_eq!(record.offset(), 1000, "the same wish finds it");
    assert!(matches!(media.resume(&record, 0).await, Err(MediaError::Offset { offset: 1000, .. })));
    assert!(matches!(media.file(&record).await, Err(MediaError::Incomplete { .. })));
    let mut upload = media.resume(&record, 1000).await.unwrap();
    assert!(upload.write(vec![7; 3097]).await.is_err(), "more than announced");
    upload.write(vec![7; 3096]).await.unwrap();
    upload.finish().await.unwrap();
    let expected =
        sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix([7; 4096]));
    let expected: String = expected.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(record.sha256(), Some(expected.clone()));
    let media = open();
    assert_eq!(media.find(&ines(), "a.iso").unwrap().sha256(), Some(expected));
    assert!(matches!(media.begin(&ines(), wish("a.iso", 4096)), Err(MediaError::Exists(_))));
}

#[tokio::test]
async fn another_hash_than_announced_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let media = Media::open(directory.path().into(), &Limits::default()).unwrap();
    let wanted = NewImage { sha256: Some("0".repeat(64)), ..wish("a.iso", 2048) };
    let record = media.begin(&ines(), wanted).unwrap();
    let mut upload = media.resume(&record, 0).await.unwrap();
    upload.write(vec![1; 2048]).await.unwrap();
    assert!(matches!(upload.finish().await, Err(MediaError::Hash { .. })));
    assert_eq!(record.sha256(), None);
}

#[tokio::test]
async fn a_file_that_was_changed_on_the_disk_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let media = Media::open(directory.path().into(), &Limits::default()).unwrap();
    let record = media.begin(&ines(), wish("a.iso", 2048)).unwrap();
    let mut upload = media.resume(&record, 0).await.unwrap();
    upload.write(vec![1; 2048]).await.unwrap();
    upload.finish().await.unwrap();
    let path = directory.path().join(format!("{}.iso", record.facts.id));
    let reason = async || match media.file(&record).await {
        Err(MediaError::Changed { how, .. }) => how,
        other => panic!("{other:?}"),
    };
    media.file(&record).await.unwrap();
    // As a backup that was put back has it.
    let copy = directory.path().join("copy");
    std::fs::copy(&path, &copy).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    media.file(&record).await.unwrap();

    let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::fs::write(&copy, [2; 2048]).unwrap();
    File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    std::fs::rename(&copy, &path).unwrap();
    assert!(reason().await.contains("SHA-256"));
    std::fs::write(&path, [1; 100]).unwrap();
    assert!(reason().await.contains("100"));
    std::fs::remove_file(&path).unwrap();
    assert!(reason().await.contains("gone"));
}

#[tokio::test]
async fn an_image_that_was_touched_is_read_at_the_start_so_that_no_mount_has_to_wait_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let media = Media::open(directory.path().into(), &Limits::default()).unwrap();
    let mut paths = Vec::new();
    for name in ["good.iso", "bad.iso"] {
        let record = media.begin(&ines(), wish(name, 2048)).unwrap();
        let mut upload = media.resume(&record, 0).await.unwrap();
        upload.write(vec![1; 2048]).await.unwrap();
        upload.finish().await.unwrap();
        let path = record::image(directory.path(), &record.facts.id);
        let bytes = if name == "bad.iso" { [2; 2048] } else { [1; 2048] };
        let copy = directory.path().join("copy");
        std::fs::write(&copy, bytes).unwrap();
        std::fs::rename(&copy, &path).unwrap();
        assert!(intact::is_touched(&path, &record));
        paths.push((path, record));
    }
    media.look_at_all().await;
    for (path, record) in &paths {
        let good = record.facts.name == "good.iso";
        assert_eq!(intact::is_touched(path, record), !good);
        assert_eq!(media.file(record).await.is_ok(), good);
    }
    // A server that stops does not read gigabytes to their end.
    let (stop, down) = watch::channel(false);
    let looking = tokio::spawn(media.clone().look_through(down));
    stop.send(true).unwrap();
    looking.await.unwrap();
    let (path, record) = &paths[0];
    std::fs::copy(path, directory.path().join("copy")).unwrap();
    std::fs::rename(directory.path().join("copy"), path).unwrap();
    let stopped = media.file(record).await;
    assert!(matches!(stopped, Err(MediaError::Disk(_))), "{stopped:?}");
}

#[test]
fn bad_wishes_are_refused_and_tenants_do_not_see_each_others_images() {
    let directory = tempfile::tempdir().unwrap();
    let media = Media::open(directory.path().into(), &Limits::default()).unwrap();
    for (name, size) in [("", 4096), ("../a", 4096), ("a\nb", 4096), ("a", 2047)] {
        let refused = media.begin(&ines(), wish(name, size));
        assert!(matches!(refused, Err(MediaError::Invalid { .. })), "{name}");
    }
    let large = media.begin(&ines(), wish("a", u64::MAX));
    assert!(matches!(large, Err(MediaError::TooLarge { .. })));
    let mut noor = Principal::new("noor", Role::TenantAdmin);
    noor.tenant = "shops".into();
    let theirs = media.begin(&noor, wish("b.iso", 4096)).unwrap();
    assert!(media.find(&ines(), "b.iso").is_err());
    assert!(media.find(&ines(), &theirs.facts.id).is_err());
    media.remove(&media.find(&noor, "b.iso").unwrap()).unwrap();
    assert!(media.list(&noor).is_empty());
}
