//! What a page tells people to type works, line by line, as it stands there.
//!
//! CONTRIBUTING.md says how a page tells what a block needs. A page is one reader, who pastes its blocks in order.

use crate::harness::{
    Reader,
    page::{Block, How},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// So many blocks are not run, each with a reason, because what they need is no part of a test machine.
const SKIPS: usize = 20;

macro_rules! pages {
    ($( $name:ident $page:literal; )*) => {
        const PAGES: &[&str] = &[$( $page, )*];

        $(
            #[test]
            fn $name() {
                follow($page);
            }
        )*
    };
}

pages! {
    the_readme "README.md";
    access "docs/access.md";
    enrolling "docs/enrolling.md";
    events "docs/events.md";
    getting_started "docs/getting-started.md";
    media "docs/media.md";
    relay "docs/relay.md";
    add_pcs "docs/how-to/add-pcs.md";
    backup "docs/how-to/backup.md";
    certificate "docs/how-to/certificate.md";
    from_meshcentral "docs/how-to/from-meshcentral.md";
    from_open_amt "docs/how-to/from-open-amt.md";
    hardening "docs/how-to/hardening.md";
    incidents "docs/how-to/incidents.md";
    mqtt_home_assistant "docs/how-to/mqtt-home-assistant.md";
    oidc "docs/how-to/oidc.md";
    prometheus "docs/how-to/prometheus.md";
    reverse_proxy "docs/how-to/reverse-proxy.md";
    rotate_root "docs/how-to/rotate-root.md";
    screen_console_drives "docs/how-to/screen-console-drives.md";
    two_sites "docs/how-to/two-sites.md";
    install "docs/how-to/install.md";
    reset "docs/explain/reset.md";
    troubleshooting "docs/troubleshooting.md";
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn follow(page: &str) {
    let (demo, blocks) = Block::read(&root(), page).unwrap();
    assert!(!blocks.is_empty(), "{page} has no commands; take it off the list");
    let mut reader = Reader::new(demo);
    for block in &blocks {
        if let Err(said) = reader.run(block) {
            panic!("{}: {said}", block.place);
        }
    }
}

#[test]
fn no_page_is_left_out_and_few_blocks_are() {
    let mut found = BTreeSet::new();
    let mut skipped = Vec::new();
    for page in pages_with_prose() {
        let (_, blocks) = Block::read(&root(), &page).unwrap();
        for block in &blocks {
            found.insert(page.clone());
            if let How::Skip(reason) = &block.how {
                assert!(reason.starts_with("needs "), "{}: say what it needs", block.place);
                skipped.push(block.place.clone());
            }
        }
    }
    let listed: BTreeSet<String> = PAGES.iter().map(ToString::to_string).collect();
    assert_eq!(found, listed, "pages with commands, and pages whose commands are run");
    assert!(skipped.len() <= SKIPS, "{} blocks are not run: {skipped:#?}", skipped.len());
}

/// README and everything below docs, but for the reference, which is made by a program.
fn pages_with_prose() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned()];
    let mut directories = vec!["docs".to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                directories.push(path);
            } else if path.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages
}
