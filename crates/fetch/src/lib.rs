//! What is brought from elsewhere: STAC APIs, downloads that go on where they broke off, access to providers, checksums.
//!
//! The only room that opens a connection to ask for imagery, and it asks only hosts that were named to it. It must never know what
//! a scene, a band or an alert is: it hands over items as their JSON and files as they were sent. Clock, jitter, environment and
//! files of secrets come in as values.

mod access;
mod address;
mod checksum;
mod client;
mod clock;
mod download;
mod error;
mod exchange;
mod hosts;
mod manifest;
mod moment;
mod netrc;
mod partial;
mod provider;
mod retry;
mod s3;
mod secret;
mod sigv4;
pub mod stac;
mod tls;
mod trouble;

pub use address::Address;
pub use checksum::{Algorithm, Checksum, digest};
pub use client::{Client, Head, Settings, Timeouts};
pub use clock::Clock;
pub use download::{Fetched, Wanted};
pub use error::{FetchError, Kind};
pub use hosts::AllowedHosts;
pub use manifest::{Verified, verify_safe};
pub use provider::{Access, AccessKind, Provider, providers};
pub use retry::Retry;
pub use s3::S3Object;
pub use secret::{Secret, Secrets};
pub use tls::Roots;
