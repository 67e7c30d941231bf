//! The two windows of a channel.
//!
//! Only payload counts, not the heads of the messages. What we advertised is always the sum of
//! four parts: `left` (the peer may still send it), what is on its way (its CHANNEL_DATA head has
//! come, its bytes have not), `held` (delivered, not released by the consumer) and `taken`
//! (released, not granted again yet).

/// What the peer may send to us.
#[derive(Debug, Clone)]
pub(crate) struct ReceiveWindow {
    size: u32,
    left: u32,
    held: u32,
    taken: u32,
}

impl ReceiveWindow {
    pub(crate) const fn new(size: u32) -> Self {
        Self { size, left: size, held: 0, taken: 0 }
    }

    /// A CHANNEL_DATA of this length begins. `Err` says by how much it is too long.
    pub(crate) fn announce(&mut self, length: u32) -> Result<(), u32> {
        let left = self.left.checked_sub(length).ok_or(length.saturating_sub(self.left))?;
        self.left = left;
        Ok(())
    }

    /// Announced bytes were delivered.
    pub(crate) fn deliver(&mut self, bytes: u32) {
        self.held = self.held.saturating_add(bytes);
    }

    /// The consumer took bytes. Returns how many to grant to the peer now; zero most of the time:
    /// grants are held back until they are worth a message, which is half of the window. That
    /// never starves the peer: while less than half is taken, the rest is still with the peer, on
    /// its way, or with the consumer, whose next release moves it here.
    pub(crate) fn release(&mut self, bytes: usize) -> u32 {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.held);
        self.held = self.held.saturating_sub(bytes);
        self.taken = self.taken.saturating_add(bytes);
        if self.taken < self.size.div_ceil(2) {
            return 0;
        }
        let grant = core::mem::take(&mut self.taken);
        self.left = self.left.saturating_add(grant);
        grant
    }
}

/// What we may send to the peer.
#[derive(Debug, Clone, Default)]
pub(crate) struct SendWindow {
    credit: u32,
}

impl SendWindow {
    pub(crate) const fn new(credit: u32) -> Self {
        Self { credit }
    }

    pub(crate) const fn credit(&self) -> u32 {
        self.credit
    }

    /// The peer grants more. A window has 32 bits: what does not fit is no credit, and nothing is lost by that, because
    /// what there is would do for 4 GiB.
    pub(crate) fn grant(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_add(bytes);
    }

    pub(crate) fn spend(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(window: &ReceiveWindow) -> u32 {
        window.left + window.held + window.taken
    }

    fn receive(window: &mut ReceiveWindow, bytes: u32) {
        window.announce(bytes).expect("within the window");
        window.deliver(bytes);
    }

    #[test]
    fn nothing_is_granted_before_half_of_the_window_was_taken() {
        let mut window = ReceiveWindow::new(1000);
        receive(&mut window, 600);
        assert_eq!(window.release(499), 0);
        assert_eq!(window.release(1), 500);
        assert_eq!(parts(&window), 1000);
    }

    #[test]
    fn a_consumer_that_takes_everything_never_leaves_the_peer_without_room() {
        for size in [1, 2, 3, 499, 1000] {
            let mut window = ReceiveWindow::new(size);
            for piece in (1..=size).cycle().take(5000) {
                let piece = piece.min(window.left);
                receive(&mut window, piece);
                window.release(usize::MAX);
                assert!(window.left > 0, "{window:?}");
                assert_eq!(parts(&window), size);
            }
        }
    }

    #[test]
    fn pieces_of_one_message_are_not_granted_one_by_one() {
        let mut window = ReceiveWindow::new(1000);
        window.announce(1000).expect("within the window");
        window.deliver(100);
        assert_eq!(window.release(100), 0, "900 more are on their way");
        window.deliver(900);
        assert_eq!(window.release(900), 1000);
    }

    #[test]
    fn a_window_of_one_byte_works() {
        let mut window = ReceiveWindow::new(1);
        receive(&mut window, 1);
        assert_eq!(window.announce(1), Err(1));
        assert_eq!(window.release(1), 1);
        receive(&mut window, 1);
    }

    #[test]
    fn releasing_more_than_was_delivered_grants_only_what_was() {
        let mut window = ReceiveWindow::new(10);
        window.announce(8).expect("within the window");
        window.deliver(5);
        assert_eq!(window.release(usize::MAX), 5);
        assert_eq!((window.left, window.held, window.taken), (7, 0, 0), "3 are on their way");
    }

    #[test]
    fn credit_never_wraps() {
        let mut window = SendWindow::new(16384);
        window.grant(u32::MAX - 16384);
        assert_eq!(window.credit(), u32::MAX);
        window.grant(1);
        window.grant(u32::MAX);
        assert_eq!(window.credit(), u32::MAX);
        window.spend(10);
        assert_eq!(window.credit(), u32::MAX - 10);
    }
}
