//! The simulated platform as a program: `amt-sim run`, and the commands that speak to a running one.

mod program;

use std::process::ExitCode;

fn main() -> ExitCode {
    program::main()
}
