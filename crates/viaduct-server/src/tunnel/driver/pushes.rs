//! Channels that a device opens to report events, when the configuration lets it.

use super::{Driver, Phase};
use crate::{
    events::Event,
    tls::Io,
    tunnel::pushed::{Inbox, Taken},
};
use amt::wsman::Delivery;
use apf::ChannelId;
use bytes::Bytes;
use std::sync::Arc;

impl<T: Io> Driver<T> {
    pub(super) fn pushed(&mut self, channel: Option<ChannelId>, target: String) {
        match channel {
            None => self.note(format!(
                "the device wanted a channel to {target}, as for an event (WS-Eventing); refused, because {}",
                if self.config.apf.device_channels.is_some() {
                    "it has as many open as it may"
                } else {
                    "events.device_channels is false: set it to true and restart to receive such events"
                }
            )),
            Some(channel) => {
                self.note(format!("the device opened a channel to {target}; it ends here, for events"));
                self.inboxes.insert(channel, Inbox::new(target));
            }
        }
    }

    /// True when the data was for an inbox.
    pub(super) fn push_data(&mut self, channel: ChannelId, data: &Bytes) -> bool {
        let Some(inbox) = self.inboxes.get_mut(&channel) else { return false };
        let Taken { events, answers, over } = inbox.take(data);
        let target = inbox.target.clone();
        self.connection.release(channel, data.len());
        let now = self.now();
        if !answers.is_empty() && self.connection.send(channel, answers.into(), now).is_err() {
            self.note("the device does not wait for the answer to its event".to_owned());
        }
        if let Phase::Admitted { face, .. } = &self.phase {
            for Delivery { event, acknowledge } in events {
                self.config.events.publish(Event::Notified {
                    tunnel: face.id,
                    device: face.device,
                    target: target.clone(),
                    event: Arc::new(event),
                    acknowledged: acknowledge.is_some(),
                });
            }
        }
        if let Some(why) = over {
            if !why.is_empty() {
                self.note(format!("the channel to {target} was closed: {why}"));
            }
            self.inboxes.remove(&channel);
            self.connection.close(channel);
        }
        true
    }
}
