//! However the stream is cut into reads, the same comes of it.

mod tunnel;

use apf::server::Config;
use proptest::prelude::*;
use tunnel::random::Random;
use tunnel::script::{Step, dialogues, play};

#[test]
fn every_dialogue_comes_out_the_same_byte_by_byte() {
    for (name, steps) in dialogues() {
        let whole = play(Config::default(), &steps, |left| left, false);
        assert!(whole.events.len() > 1, "{name}: nothing happened");
        for eager in [false, true] {
            let bytewise = play(Config::default(), &steps, |_| 1, eager);
            assert_eq!(bytewise, whole, "{name}, eager {eager}");
        }
    }
}

#[test]
fn every_dialogue_comes_out_the_same_with_one_cut_anywhere() {
    for (name, steps) in dialogues() {
        let whole = play(Config::default(), &steps, |left| left, false);
        let longest = steps.iter().map(|step| if let Step::Bytes(b) = step { b.len() } else { 0 });
        for cut in 1..longest.max().expect("steps").min(700) {
            let outcome =
                play(Config::default(), &steps, |left| if left > cut { cut } else { left }, true);
            assert_eq!(outcome, whole, "{name} in pieces of {cut}");
        }
    }
}

proptest! {
    #[test]
    fn every_dialogue_comes_out_the_same_however_it_is_cut(seed: u64, most in 1_usize..200, eager: bool) {
        for (_, steps) in dialogues() {
            let whole = play(Config::default(), &steps, |left| left, false);
            let mut random = Random::new(seed);
            let cut = play(Config::default(), &steps, |_| 1 + random.below(most), eager);
            prop_assert_eq!(cut, whole);
        }
    }

    /// Also when the bytes are nonsense: a dialogue with some bytes changed, added or lost.
    #[test]
    fn a_damaged_dialogue_comes_out_the_same_however_it_is_cut(seed: u64, most in 1_usize..200) {
        let mut random = Random::new(seed);
        for (_, mut steps) in dialogues() {
            steps.retain(|step| matches!(step, Step::Bytes(_) | Step::Admit | Step::Refuse | Step::Pass(_)));
            for step in &mut steps {
                if let Step::Bytes(bytes) = step
                    && random.one_in(2)
                {
                    let at = random.below(bytes.len());
                    match random.below(3) {
                        0 => bytes[at] = random.next() as u8,
                        1 => bytes.insert(at, random.next() as u8),
                        _ => drop(bytes.remove(at)),
                    }
                }
            }
            steps.retain(|step| !matches!(step, Step::Bytes(bytes) if bytes.is_empty()));
            let whole = play(Config::default(), &steps, |left| left, false);
            let cut = play(Config::default(), &steps, |_| 1 + random.below(most), true);
            prop_assert_eq!(cut, whole);
        }
    }
}
