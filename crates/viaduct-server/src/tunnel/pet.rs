//! Platform event traps (IPMI PET 1.0 in SNMPv1), decoded for people.

/// A decoded trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    pub summary: String,
}
