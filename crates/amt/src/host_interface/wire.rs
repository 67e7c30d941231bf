//! Little-endian records without padding of their own, read and written field by field.

/// What stands at a place in a message.
pub(super) trait Wire: Sized {
    /// Takes it from the front; None when there is not enough.
    fn read(from: &mut &[u8]) -> Option<Self>;
    fn write(&self, to: &mut Vec<u8>);
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl Wire for $kind {
            fn read(from: &mut &[u8]) -> Option<Self> {
                let (bytes, rest) = from.split_first_chunk()?;
                *from = rest;
                Some(Self::from_le_bytes(*bytes))
            }

            fn write(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

number!(u8, u16, u32, i32);

impl<T: Wire, const N: usize> Wire for [T; N] {
    fn read(from: &mut &[u8]) -> Option<Self> {
        let all: Option<Vec<T>> = (0..N).map(|_| T::read(from)).collect();
        all?.try_into().ok()
    }

    fn write(&self, to: &mut Vec<u8>) {
        self.iter().for_each(|one| one.write(to));
    }
}

/// Bytes without a meaning: zero when written, ignored when read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Pad<const N: usize>;

impl<const N: usize> Wire for Pad<N> {
    fn read(from: &mut &[u8]) -> Option<Self> {
        <[u8; N]>::read(from).map(|_| Self)
    }

    fn write(&self, to: &mut Vec<u8>) {
        [0_u8; N].write(to);
    }
}

/// Text in a field of fixed length, with zeros after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name<const N: usize>(String);

impl<const N: usize> Name<N> {
    /// What fits of it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        Self(plain(bytes.get(..N).unwrap_or(bytes)))
    }

    /// The text: ASCII without control characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Wire for Name<N> {
    fn read(from: &mut &[u8]) -> Option<Self> {
        let bytes = <[u8; N]>::read(from)?;
        Some(Self(plain(bytes.split(|byte| *byte == 0).next()?)))
    }

    fn write(&self, to: &mut Vec<u8>) {
        let start = to.len();
        to.extend_from_slice(self.0.as_bytes());
        to.resize(start.saturating_add(N), 0);
    }
}

/// Firmware's text for people and terminals: what is not printable ASCII becomes a question mark.
pub(super) fn plain(bytes: &[u8]) -> String {
    let shown = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '?' };
    bytes.iter().map(shown).collect()
}

/// A struct whose fields stand one after the other.
macro_rules! record {
    ($(#[$doc:meta])* pub struct $name:ident { $($(#[$of:meta])* $vis:vis $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $($(#[$of])* $vis $field: $kind,)* }

        impl $crate::host_interface::wire::Wire for $name {
            fn read(from: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: $crate::host_interface::wire::Wire::read(from)?,)* })
            }

            fn write(&self, to: &mut Vec<u8>) {
                $($crate::host_interface::wire::Wire::write(&self.$field, to);)*
            }
        }
    };
}
pub(super) use record;
