//! A stand-in for WeCom's conversation archive.

mod bytes;
mod connect;
mod error;
mod export;
mod keys;
mod loopback;
mod protobuf;
mod random;
mod registry;
mod scenario;
mod sdk;
mod seal;
mod wecom;
mod world;

pub use error::Error;
pub use loopback::{Loopback, LoopbackBuilder};
pub use scenario::{
    ContentRange, Effect, Fault, FaultBody, Media, MediaFile, MediaKind, MessageSpec, Operation, Scenario,
    Sealing,
};
pub use world::World;
