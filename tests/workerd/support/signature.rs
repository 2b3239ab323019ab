//! Verifies Standard Webhooks signatures, by the specification and without a line of the relay.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::received::Received;

/// The signing secret of tests that set no other: 32 bytes.
pub const SECRET: &str = "whsec_Zm9yIHRoZSByZWNlaXZlciBhbmQgbm9ib2R5IGVsc2U=";
/// Another one, for rotation.
pub const NEXT_SECRET: &str = "whsec_dGhlIHNlY3JldCB0aGF0IGlzIHRvIGNvbWUgbmV4dCE=";

/// Whether one of the signatures of a delivery is by this secret.
pub fn is_signed_with(delivery: &Received, secret: &str) -> bool {
    let header = |name: &str| delivery.header(name).unwrap_or_else(|| panic!("no {name} in {delivery:?}"));
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).expect("the secrets of tests are base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&delivery.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    signatures(delivery).contains(&expected.as_str())
}

/// The signatures of a delivery: one per secret.
pub fn signatures(delivery: &Received) -> Vec<&str> {
    delivery.header("webhook-signature").expect("a delivery is signed").split(' ').collect()
}
