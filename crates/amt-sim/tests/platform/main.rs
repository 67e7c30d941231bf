//! Platforms against a server made of the protocol's other end, over TLS on loopback.

#[cfg(test)]
mod alerts;
#[cfg(test)]
mod attempts;
#[cfg(test)]
mod channels;
#[cfg(test)]
mod console;
#[cfg(test)]
mod dialling_in;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod lan;
#[cfg(test)]
mod misbehaving;
#[cfg(test)]
mod mps;
#[cfg(test)]
mod program;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod roots;
