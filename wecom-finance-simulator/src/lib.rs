//! A stand-in for WeCom's (企业微信) conversation archive and for its SDK: develop and test without an account, a
//! licence or a network.
//!
//! A [`Scenario`] describes a corp: its messages, media files, keys, and what goes wrong. Built, it is a [`World`], which
//! is served in three ways:
//!
//! - [`World::table`]: the SDK's C functions in this process, for fast tests;
//! - the `cdylib` of this crate, which is loaded in the place of `libWeWorkFinanceSdk_C.so` (the path of the genuine
//!   one need only be replaced). It serves the scenario in the JSON file that `WECOM_SIMULATOR_SCENARIO` names, or
//!   else [`Scenario::demo`];
//! - [`World::serve`]: a WeCom on a loopback port. The **genuine** SDK talks to it when it is given as `proxy`, and opens
//!   its messages: they are sealed as WeCom seals them.
//!
//! All three behave alike, faults included; the crate's tests hold the stand-in and the genuine SDK side by side. What
//! the stand-in does not do is read the arguments `proxy` and `passwd`: it has no network.
//!
//! ```
//! use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};
//!
//! let world = Scenario::new()
//!     .key_version(1)
//!     .key_version(2)
//!     .texts(1_000)
//!     .media_file(MediaFile::generated("film", MediaKind::Video, 1_250_331))
//!     .fault(Fault::chat(Effect::ErrCode(45_009)).nth(3))
//!     .build();
//!
//! // What a reader needs …
//! let (corp_id, secret) = (world.corp_id(), world.secret());
//! let key = world.key_pem(2).unwrap();
//! // … and what it ought to end up with.
//! assert_eq!(world.messages().count(), 1_001);
//! assert_eq!(world.media("film").unwrap().bytes().len(), 1_250_331);
//! ```
//!
//! # What kills the genuine SDK kills the stand-in
//!
//! Some messages make `DecryptData` abort the process ([`Sealing::CutTo`], [`Sealing::Lengths`]), and some replies
//! overflow its stack ([`Effect::Nested`]). The stand-in aborts honestly in the same cases: test them behind a process
//! boundary.

mod bytes;
mod connect;
mod control;
mod corpus;
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

pub use control::Control;
pub use error::Error;
pub use loopback::{Loopback, LoopbackBuilder, ServerCertificate};
pub use scenario::{
    ContentRange, Effect, Fault, FaultBody, Media, MediaFile, MediaKind, MessageSpec, Operation, Scenario,
    Sealing,
};
pub use world::World;
