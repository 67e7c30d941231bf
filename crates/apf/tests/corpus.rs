//! The bodies of the fuzz targets over their corpus, without libFuzzer, and over some noise.
//!
//! The seeds are made here: `SEEDS=write cargo test -p apf --test corpus` writes them anew.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "the bodies are shared with the fuzz targets, which are no tests"
)]

#[path = "../../../fuzz/bodies/decode.rs"]
mod decode;
#[path = "../../../fuzz/bodies/session.rs"]
mod session;
mod tunnel;
#[path = "../../../fuzz/bodies/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use tunnel::random::Random;

/// The corpus may not grow beyond this without anybody noticing.
const CORPUS_MAX: u64 = 200 * 1024;

fn directory(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target)
}

fn replay(target: &str, run: fn(&[u8])) {
    let mut files = 0;
    let mut size = 0;
    for entry in fs::read_dir(directory(target)).expect("the corpus is committed") {
        let path = entry.expect("readable").path();
        println!("{}", path.display());
        let data = fs::read(&path).expect("readable");
        size += data.len() as u64;
        files += 1;
        run(&data);
    }
    assert!(files >= seeds(target).len(), "{files} files");
    assert!(size <= CORPUS_MAX, "{size} bytes");
}

#[test]
fn the_corpus_of_decode_passes() {
    replay("apf_decode", decode::run);
}

#[test]
fn the_corpus_of_session_passes() {
    replay("apf_session", session::run);
}

#[test]
fn noise_and_damaged_seeds_pass_in_decode() {
    let mut random = Random::from_environment("decode");
    let seeds: Vec<Vec<u8>> = seeds("apf_decode").into_values().collect();
    for _ in 0..3000 {
        let mut data = seeds[random.below(seeds.len())].clone();
        for _ in 0..random.below(4) {
            let at = random.below(data.len());
            data[at] = random.next() as u8;
        }
        data.extend(seeds[random.below(seeds.len())].iter().skip(2));
        decode::run(&data);
    }
}

#[test]
fn noise_passes_in_session() {
    let mut random = Random::from_environment("session");
    for _ in 0..300 {
        let length = 200 + random.below(2000);
        session::run(&session_seed(&mut random, length));
    }
}

#[test]
fn the_seeds_are_in_the_corpus() {
    for target in ["apf_decode", "apf_session"] {
        for (name, data) in seeds(target) {
            let path = directory(target).join(name);
            if std::env::var("SEEDS").is_ok_and(|seeds| seeds == "write") {
                fs::create_dir_all(directory(target)).expect("writable");
                fs::write(&path, &data).expect("writable");
            }
            let found = fs::read(&path).unwrap_or_default();
            assert!(found == data, "{}: write it with SEEDS=write", path.display());
        }
    }
}

/// Seeds by file name.
fn seeds(target: &str) -> BTreeMap<String, Vec<u8>> {
    match target {
        "apf_decode" => {
            let mut seeds = BTreeMap::new();
            for (id, vector) in tunnel::vectors() {
                // In the state where it tells most: to a fresh server, an open one, the device.
                let state = match vector.bytes().first() {
                    Some(192 | 5 | 10 | 71 | 0 | 250) => 0,
                    Some(6 | 51 | 52 | 81 | 82 | 210) => 3,
                    _ => 2,
                };
                let piece = vector.bytes().len() as u8 % 7;
                seeds.insert(id, [&[state, piece], vector.bytes().as_slice()].concat());
            }
            for (name, steps) in tunnel::script::dialogues() {
                let bytes = steps.into_iter().filter_map(|step| match step {
                    tunnel::script::Step::Bytes(bytes) => Some(bytes),
                    _ => None,
                });
                let name = name.replace([' ', ','], "-");
                seeds.insert(name, [vec![0, 13], bytes.flatten().collect()].concat());
            }
            seeds
        }
        _ => {
            let mut random = Random::new(2026);
            let seed =
                |n: usize| (format!("operations-{n:02}"), session_seed(&mut random, 100 + 150 * n));
            (0..16).map(seed).collect()
        }
    }
}

/// Noise of which most is useful: `arbitrary` reads the kind of an operation as a u32, scaled to
/// the number of kinds, and a `Vec` from the same bytes; so anything is a valid list of
/// operations.
fn session_seed(random: &mut Random, length: usize) -> Vec<u8> {
    random.bytes(length)
}
