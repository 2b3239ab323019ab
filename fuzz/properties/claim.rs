//! The installer's form and the callback: whatever they claim, only Bitrix24's own servers are asked, and no token is printed.

use bitrix24_edge_relay::domain::application::claim::InstallClaim;
use bitrix24_edge_relay::domain::body::BodyFormat;
use bitrix24_edge_relay::domain::form::read_form;
use bitrix24_edge_relay::domain::inbound::InboundEvent;

/// Longest token of a claim, and the shortest that is not in innocent text by chance.
const LONGEST_TOKEN: usize = 512;
const TELLING_BYTES: usize = 16;

/// Takes the input as the form, whole and with what every form has; and as the rest of a callback.
pub fn check(input: &[u8]) {
    for body in [input.to_vec(), [input, b"&member_id=m&AUTH_ID=0123456789abcdef0123456789abcdef"].concat()] {
        let domain = input.split(|byte| *byte == b'&').next().and_then(|text| str::from_utf8(text).ok());
        if let Ok(form) = read_form(&body) {
            check_claim(InstallClaim::from_form(form.root(), domain).ok());
        }
    }
    let callback = [input, b"&event=ONAPPINSTALL&auth[member_id]=m"].concat();
    if let Ok(event) = InboundEvent::from_body(BodyFormat::Form, &callback) {
        assert!(InstallClaim::is_made_by(&event));
        check_claim(InstallClaim::from_event(&event).ok());
    }
}

fn check_claim(claim: Option<InstallClaim>) {
    let Some(claim) = claim else {
        return;
    };
    assert!(!claim.servers.is_empty(), "somebody is to be asked");
    let printed = format!("{claim:?}");
    for token in [Some(&claim.access_token), claim.refresh_token.as_ref()].into_iter().flatten() {
        let token = token.expose();
        assert!((1..=LONGEST_TOKEN).contains(&token.len()), "{} bytes", token.len());
        // The name of the portal is printed, and may be the same text.
        let is_told =
            token.len() >= TELLING_BYTES && printed.contains(token) && !claim.member_id.as_str().contains(token);
        assert!(!is_told || EMPTY.contains(token), "a token is printed");
    }
    assert!(
        InstallClaim::from_secret(&claim.to_secret()).as_ref() == Some(&claim),
        "it is not read back as it was written"
    );
}

/// What is printed of any claim; a token that is part of it is no secret.
const EMPTY: &str = "InstallClaim { member_id: MemberId(\"\"), servers: [], access_token: Secret(redacted), refresh_token: None, \
                     application_token: Some(Secret(redacted)), occurred_at: None }";
