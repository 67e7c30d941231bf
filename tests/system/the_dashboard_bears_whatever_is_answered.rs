//! Whatever the dashboard is answered, by the server or by something on the way, it says it in words for people; and a
//! first visit costs little.

use crate::harness::{Demo, Scenario, demo, task};

fn bad_answers(part: &str) {
    let demo = Demo::start(2);
    let mut task = task(&demo, &demo.devices[0]);
    (task["part"], task["away"]) = (part.into(), demo.devices[1].guid.as_str().into());
    Scenario::start("badAnswers", task).done();
}

#[test]
fn every_page_has_words_for_answers_that_are_none() {
    bad_answers("navigation");
}

#[test]
fn every_tab_of_a_device_has_words_for_answers_that_are_none() {
    bad_answers("devices");
}

#[test]
fn a_deed_without_a_proper_answer_is_not_called_done() {
    let demo = Demo::start(1);
    Scenario::start("badOutcomes", task(&demo, &demo.devices[0])).done();
}

#[test]
fn a_first_visit_loads_at_most_300_kilobytes() {
    let demo = demo();
    Scenario::start("firstVisit", task(demo, &demo.devices[0])).done();
}
