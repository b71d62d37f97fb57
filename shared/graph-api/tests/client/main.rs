//! The client against a server of our own: what it writes, and what it makes of every kind of answer.

#[cfg(test)]
mod profile;
#[cfg(test)]
mod send;
#[cfg(test)]
mod server;
#[cfg(test)]
mod support;
