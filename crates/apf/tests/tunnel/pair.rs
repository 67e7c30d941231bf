//! The server's end against the device's end, in memory, under a virtual clock.

use super::random::Random;
use super::{ALL, Device};
use apf::{ChannelId, Time, device, server};
use bytes::BytesMut;
use std::collections::VecDeque;
use std::time::Duration;

/// Both ends and what is on its way between them.
pub(crate) struct Pair {
    pub(crate) server: server::Connection,
    pub(crate) device: device::Connection,
    pub(crate) now: Time,
    /// Cuts what is on its way anywhere; absent: whole.
    pub(crate) cuts: Option<Random>,
    pub(crate) admits: bool,
    to_server: BytesMut,
    to_device: BytesMut,
    server_input: BytesMut,
    device_input: BytesMut,
    server_events: VecDeque<server::Event>,
    device_events: VecDeque<device::Event>,
    /// The device accepts every channel, consumes all data at once, and sends back as much.
    pub(crate) echoes: bool,
    /// Everything that was on its way, for looking at it.
    pub(crate) device_said: Vec<u8>,
}

impl Pair {
    pub(crate) fn new(server: server::Config, device: device::Config) -> Self {
        let now = Time::from_origin(Duration::from_secs(1_000_000));
        Self {
            server: server::Connection::new(server, now),
            device: device::Connection::new(device, now),
            now,
            cuts: None,
            admits: true,
            to_server: BytesMut::new(),
            to_device: BytesMut::new(),
            server_input: BytesMut::new(),
            device_input: BytesMut::new(),
            server_events: VecDeque::new(),
            device_events: VecDeque::new(),
            echoes: false,
            device_said: Vec::new(),
        }
    }

    /// Logged in and settled, with these ports, the other figures as usual.
    pub(crate) fn settled(ports: &[u16]) -> Self {
        let mut pair = Self::new(server::Config::default(), Device::admin(ports));
        pair.log_in();
        pair
    }

    /// Lets both ends log in and settle.
    pub(crate) fn log_in(&mut self) {
        self.settle();
        self.pass(Duration::from_secs(1));
        let events = self.server_events();
        assert!(events.contains(&server::Event::Settled), "{events:?}");
        assert!(self.device_events().contains(&device::Event::Settled));
    }

    /// Opens a channel and accepts it. Returns the server's and the device's number.
    pub(crate) fn open(&mut self, port: u16, window: u32) -> (ChannelId, ChannelId) {
        let ours = self.server.open(port, window, ("127.0.0.1", 1024), self.now).expect("free");
        self.settle();
        let theirs = self
            .device_events()
            .into_iter()
            .find_map(|event| match event {
                device::Event::ChannelRequested { channel, .. } => Some(channel),
                _ => None,
            })
            .expect("the device was asked");
        if !self.echoes {
            self.device.accept(theirs);
        }
        self.settle();
        assert!(self.server_events().contains(&server::Event::ChannelOpened { channel: ours }));
        (ours, theirs)
    }

    /// One end's turn after the other. False when nothing moved.
    pub(crate) fn turn(&mut self) -> bool {
        self.server.poll_transmit(&mut self.to_device, 1 << 16, self.now);
        let before = self.to_server.len();
        self.device.poll_transmit(&mut self.to_server, 1 << 16, self.now);
        self.device_said.extend_from_slice(&self.to_server[before..]);

        let to_device = self.some_of(self.to_device.len());
        self.device_input.extend_from_slice(&self.to_device.split_to(to_device));
        self.device.handle_input(&mut self.device_input, self.now);

        let to_server = self.some_of(self.to_server.len());
        self.server_input.extend_from_slice(&self.to_server.split_to(to_server));
        if self.server.is_reading() || self.server.is_finished() {
            self.server.handle_input(&mut self.server_input, self.now);
        }
        self.collect();
        to_device + to_server > 0
    }

    fn some_of(&mut self, count: usize) -> usize {
        match &mut self.cuts {
            Some(random) if count > 0 => 1 + random.below(count),
            _ => count,
        }
    }

    fn collect(&mut self) {
        while let Some(event) = self.server.poll_event() {
            if self.admits && matches!(event, server::Event::AdmissionAsked { .. }) {
                self.server.admit(self.now);
                self.server.handle_input(&mut self.server_input, self.now);
            }
            self.server_events.push_back(event);
        }
        while let Some(event) = self.device.poll_event() {
            if self.echoes {
                match &event {
                    device::Event::ChannelRequested { channel, .. } => self.device.accept(*channel),
                    device::Event::Data { channel, data } => {
                        self.device.release(*channel, data.len());
                        self.device.send(*channel, data.clone()).expect("open");
                    }
                    _ => {}
                }
            }
            self.device_events.push_back(event);
        }
    }

    /// Turns until nothing moves, obeying deadlines that are due now.
    pub(crate) fn settle(&mut self) {
        loop {
            while self.turn() {}
            let due = |at: Option<Time>| at.is_some_and(|at| at <= self.now);
            if !due(self.server.poll_timeout()) && !due(self.device.poll_timeout()) {
                return;
            }
            self.server.handle_timeout(self.now);
            self.device.handle_timeout(self.now);
            self.collect();
        }
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn pass(&mut self, time: Duration) {
        let target = self.now + time;
        loop {
            self.settle();
            let deadlines = [self.server.poll_timeout(), self.device.poll_timeout()];
            match deadlines.into_iter().flatten().min().filter(|at| *at <= target) {
                Some(deadline) => self.now = deadline,
                None => break,
            }
        }
        self.now = target;
        self.settle();
    }

    /// The device is there but says nothing more, and hears nothing.
    pub(crate) fn pass_without_device(&mut self, time: Duration) {
        let target = self.now + time;
        let mut nowhere = BytesMut::new();
        loop {
            self.server.poll_transmit(&mut nowhere, ALL, self.now);
            self.collect();
            match self.server.poll_timeout().filter(|at| *at <= target) {
                Some(deadline) => self.now = deadline,
                None => break,
            }
            self.server.handle_timeout(self.now);
        }
        self.now = target;
    }

    pub(crate) fn server_events(&mut self) -> Vec<server::Event> {
        self.server_events.drain(..).collect()
    }

    pub(crate) fn device_events(&mut self) -> Vec<device::Event> {
        self.device_events.drain(..).collect()
    }
}
