//! Where a portal's object is created.
//!
//! Bitrix24's queue servers stand in AWS us-east-1 and eu-central-1, and an object never moves, so it is placed beside the
//! one that will call it. <https://developers.cloudflare.com/durable-objects/reference/data-location/>

/// The regions that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocationHint {
    /// `weur`
    WesternEurope,
    /// `enam`
    EasternNorthAmerica,
}

/// Last labels of portals' domains whose events come from Europe: European, Russian and Central Asian zones.
const EUROPEAN_ZONES: [&str; 20] = [
    "am", "az", "by", "cz", "de", "es", "eu", "fr", "ge", "it", "kg", "kz", "nl", "pl", "ru", "tr", "ua", "uk", "uz",
    "su",
];

/// Countries of the callers in Europe, as ISO 3166-1 codes.
const EUROPEAN_COUNTRIES: [&str; 47] = [
    "AD", "AL", "AM", "AT", "AZ", "BA", "BE", "BG", "BY", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB",
    "GE", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL",
    "PT", "RO", "RS", "RU", "SE", "SI", "SK", "TR", "UA",
];

impl LocationHint {
    /// Chooses by the portal's domain and the caller's country, as far as they are known.
    #[must_use]
    pub fn choose(domain: Option<&str>, country: Option<&str>) -> Self {
        let zone = domain.and_then(|domain| domain.split(':').next()?.rsplit_once('.')).map(|(_, zone)| zone);
        let by_zone = zone.is_some_and(|zone| EUROPEAN_ZONES.iter().any(|known| zone.eq_ignore_ascii_case(known)));
        let by_country = country.is_some_and(|country| EUROPEAN_COUNTRIES.contains(&country));
        if by_zone || by_country { Self::WesternEurope } else { Self::EasternNorthAmerica }
    }

    /// The hint as the platform writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WesternEurope => "weur",
            Self::EasternNorthAmerica => "enam",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_created_beside_the_queue_server_that_will_call_it() {
        let hint = |domain, country| LocationHint::choose(domain, country).as_str();
        assert_eq!(hint(Some("a.bitrix24.ru"), None), "weur");
        assert_eq!(hint(Some("a.bitrix24.DE:8443"), Some("US")), "weur");
        assert_eq!(hint(Some("a.bitrix24.com"), Some("DE")), "weur");
        assert_eq!(hint(Some("a.bitrix24.com"), Some("US")), "enam");
        assert_eq!(hint(Some("a.bitrix24.com.br"), None), "enam");
        assert_eq!(hint(None, None), "enam");
        assert_eq!(hint(Some(""), Some("")), "enam");
    }
}
