//! The bytes of SOCKS5 (RFC 1928) and its user/password sign-in (RFC 1929): pure functions over what has arrived.
//!
//! Each reader answers `Ok(None)` while bytes are missing and the number of bytes it used once it is complete. A
//! length is checked the moment it can be read, so the longest thing ever waited for is known in advance.

use crate::{config::Secret, gateway::Refusal};

/// The most a console can have to say before it gets an answer to its request: greeting, sign-in and request with every
/// length at its maximum. More is not read until then.
pub(super) const LIMIT: usize = (2 + 255) + (3 + 255 + 255) + (4 + 1 + 255 + 2);

/// Method numbers of RFC 1928 section 3.
pub(super) const NO_SIGN_IN: u8 = 0x00;
pub(super) const PASSWORD: u8 = 0x02;
pub(super) const NO_METHOD: u8 = 0xff;

/// Reply "succeeded".
pub(super) const SUCCEEDED: u8 = 0x00;

const VERSION: u8 = 5;
const SIGN_IN_VERSION: u8 = 1;
const CONNECT: u8 = 1;

/// What has been read, and how many bytes it took; `None` while bytes are missing.
pub(super) type Parsed<T> = Result<Option<(T, usize)>, Refusal>;

/// The methods that a console offers, as far as they concern us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) none: bool,
    pub(super) password: bool,
}

/// A user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: Vec<u8>,
    pub(super) password: Secret<Vec<u8>>,
}

/// A CONNECT request to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) name: Vec<u8>,
    pub(super) port: u16,
}

impl Offer {
    /// The method to use: with sign-in only user/password; without it "none", or user/password for a console that
    /// knows nothing else.
    pub(super) fn choose(self, sign_in: bool) -> u8 {
        match (sign_in, self) {
            (false, Self { none: true, .. }) => NO_SIGN_IN,
            (_, Self { password: true, .. }) => PASSWORD,
            _ => NO_METHOD,
        }
    }
}

/// Reads the greeting (RFC 1928 section 3).
pub(super) fn greeting(bytes: &[u8]) -> Parsed<Offer> {
    match bytes {
        [first, ..] if *first != VERSION => Err(Refusal::NotSocks(*first)),
        [_, count, rest @ ..] if rest.len() >= usize::from(*count) => {
            let methods = &rest[..usize::from(*count)];
            let offer = Offer {
                none: methods.contains(&NO_SIGN_IN),
                password: methods.contains(&PASSWORD),
            };
            Ok(Some((offer, 2 + methods.len())))
        }
        _ => Ok(None),
    }
}

/// Reads user and password (RFC 1929 section 2).
pub(super) fn credentials(bytes: &[u8]) -> Parsed<Credentials> {
    match bytes {
        [first, ..] if *first != SIGN_IN_VERSION => Err(Refusal::NotSocks(*first)),
        [_, user_length, rest @ ..] => {
            let Some((user, rest)) = rest.split_at_checked(usize::from(*user_length)) else {
                return Ok(None);
            };
            let [password_length, rest @ ..] = rest else { return Ok(None) };
            let Some(password) = rest.get(..usize::from(*password_length)) else { return Ok(None) };
            let used = 3 + user.len() + password.len();
            let password = Secret::new(password.to_vec());
            Ok(Some((Credentials { user: user.to_vec(), password }, used)))
        }
        _ => Ok(None),
    }
}

/// Reads the request (RFC 1928 section 4). Addresses and other commands are refused as soon as they can be told,
/// whatever follows them.
pub(super) fn request(bytes: &[u8]) -> Parsed<Request> {
    match bytes {
        [first, ..] if *first != VERSION => Err(Refusal::NotSocks(*first)),
        [_, command, ..] if *command != CONNECT => Err(Refusal::Command(*command)),
        [_, _, _reserved, kind, ..] if *kind != 3 => Err(Refusal::AddressType(*kind)),
        [_, _, _, _, length, rest @ ..] => {
            let length = usize::from(*length);
            let Some((name, [high, low, ..])) = rest.split_at_checked(length) else {
                return Ok(None);
            };
            let port = u16::from_be_bytes([*high, *low]);
            Ok(Some((Request { name: name.to_vec(), port }, 5 + length + 2)))
        }
        _ => Ok(None),
    }
}

/// The answer to the greeting.
pub(super) fn method(method: u8) -> [u8; 2] {
    [VERSION, method]
}

/// The answer to user and password: 0 is success.
pub(super) fn sign_in_status(status: u8) -> [u8; 2] {
    [SIGN_IN_VERSION, status]
}

/// The answer to the request. The bound address is left at zero: there is none, the stream goes into a tunnel.
pub(super) fn reply(reply: u8) -> [u8; 10] {
    [VERSION, reply, 0, 1, 0, 0, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a reader says to every beginning of the bytes must be "more", until it is complete or refused.
    fn whole<T: PartialEq + std::fmt::Debug>(read: fn(&[u8]) -> Parsed<T>, bytes: &[u8]) -> T {
        let complete =
            (0..=bytes.len()).map(|end| read(&bytes[..end]).unwrap()).collect::<Vec<_>>();
        let (last, before) = complete.split_last().unwrap();
        assert!(before.iter().all(Option::is_none), "{before:?}");
        let (_, used) = last.as_ref().expect("complete at the end");
        assert_eq!(*used, bytes.len());
        let mut longer = bytes.to_vec();
        longer.extend_from_slice(b"data for the device");
        assert_eq!(&read(&longer).unwrap(), last, "what follows is not part of it");
        complete.into_iter().next_back().flatten().unwrap().0
    }

    fn sign_in(user: &[u8], password: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, u8::try_from(user.len()).unwrap()];
        bytes.extend_from_slice(user);
        bytes.push(u8::try_from(password.len()).unwrap());
        bytes.extend_from_slice(password);
        bytes
    }

    fn connect(name: &[u8], port: u16) -> Vec<u8> {
        let mut bytes = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap()];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&port.to_be_bytes());
        bytes
    }

    proptest! {
        #[test]
        fn a_greeting_reads_the_same_however_it_is_split(methods: Vec<u8>) {
            prop_assume!(methods.len() < 256);
            let mut bytes = vec![5, u8::try_from(methods.len()).unwrap()];
            bytes.extend_from_slice(&methods);
            let offer = whole(greeting, &bytes);
            prop_assert_eq!(offer.none, methods.contains(&0));
            prop_assert_eq!(offer.password, methods.contains(&2));
        }

        #[test]
        fn credentials_read_the_same_however_they_are_split(
            user in prop::collection::vec(any::<u8>(), 0..256),
            password in prop::collection::vec(any::<u8>(), 0..256),
        ) {
            let read = whole(credentials, &sign_in(&user, &password));
            prop_assert_eq!(read, Credentials { user, password: Secret::new(password) });
        }

        #[test]
        fn a_request_reads_the_same_however_it_is_split(
            name in prop::collection::vec(any::<u8>(), 0..256),
            port: u16,
        ) {
            let read = whole(request, &connect(&name, port));
            prop_assert_eq!(read, Request { name, port });
        }

        #[test]
        fn no_bytes_make_a_reader_fail_otherwise_than_by_refusing(bytes: Vec<u8>) {
            for used in [
                greeting(&bytes).ok().flatten().map(|read| read.1),
                credentials(&bytes).ok().flatten().map(|read| read.1),
                request(&bytes).ok().flatten().map(|read| read.1),
            ].into_iter().flatten() {
                prop_assert!(used <= bytes.len() && used <= LIMIT);
            }
        }
    }

    #[test]
    fn the_method_follows_the_policy_and_the_offer() {
        for (sign_in, none, password, method) in [
            (true, true, true, PASSWORD),
            (true, false, true, PASSWORD),
            (true, true, false, NO_METHOD),
            (true, false, false, NO_METHOD),
            (false, true, true, NO_SIGN_IN),
            (false, true, false, NO_SIGN_IN),
            (false, false, true, PASSWORD),
            (false, false, false, NO_METHOD),
        ] {
            assert_eq!(Offer { none, password }.choose(sign_in), method);
        }
    }

    #[test]
    fn addresses_and_other_commands_are_refused_at_once() {
        assert_eq!(request(&[5, 2]), Err(Refusal::Command(2)));
        assert_eq!(request(&[5, 3, 0, 1]), Err(Refusal::Command(3)));
        assert_eq!(request(&[5, 1, 0, 1]), Err(Refusal::AddressType(1)));
        assert_eq!(request(&[5, 1, 0, 4, 0, 0]), Err(Refusal::AddressType(4)));
        assert_eq!(request(&[5, 1, 0, 9]), Err(Refusal::AddressType(9)));
        assert_eq!(greeting(b"GET / HTTP/1.1"), Err(Refusal::NotSocks(b'G')));
        assert_eq!(greeting(&[4, 1]), Err(Refusal::NotSocks(4)));
    }
}
