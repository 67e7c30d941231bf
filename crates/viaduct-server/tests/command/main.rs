//! Management commands: over any stream, and through the whole server to a simulated platform.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod a_refused_password_is_not_tried_again_at_once;
mod exchanges_end_and_nothing_is_sent_twice;
mod platforms_answer_through_the_tunnel;
mod rest_answers_as_open_amt_does;
mod site;
