//! Which URLs a destination that is made by the API may have.
//!
//! The relay calls them from inside somebody's network, so a URL must name a public host, and nothing that a parser may read in
//! two ways is taken at all. Where a name leads is decided by DNS, which the runtime does not let us see: see
//! docs/OPERATIONS.md.

use super::config::parse_url;

/// Ports of HTTPS: its own, and those that Cloudflare's own proxy knows for it.
/// <https://developers.cloudflare.com/fundamentals/reference/network-ports/>
const PORTS: [u16; 6] = [443, 2053, 2083, 2087, 2096, 8443];
/// Longest name of a host, and of each label in it (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 253;
const MAX_LABEL_LENGTH: usize = 63;
/// Last labels of names that are no public hosts: RFC 6761, RFC 6762, RFC 7686, RFC 8375 (`home.arpa`, with all of `arpa`), RFC
/// 9476, ICANN's `internal`, and those that local networks are known to use.
const LOCAL_SUFFIXES: [&str; 15] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// Why a URL is not taken. The message never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL that can be called.
    #[error("{0}")]
    Form(&'static str),
    /// It is not `https`.
    #[error("a URL that begins with https://")]
    Scheme,
    /// It has a port that is not on the list.
    #[error("a URL with one of the ports 443, 2053, 2083, 2087, 2096 and 8443")]
    Port,
    /// Its host is an address, in whatever notation.
    #[error("a URL with the name of a host, not its address")]
    Address,
    /// Its host is a local one.
    #[error("a URL of a public host: a name with a dot, which does not end in a local or reserved domain")]
    Local,
    /// Its host is written in a way that can be read differently.
    #[error("a URL whose host is of a-z, 0-9, `-` and `.` alone; an international name as `xn--`")]
    Host,
}

/// Checks a URL. It is stored and called as it is written.
pub fn parse(text: &str) -> Result<String, UrlError> {
    let rest = text.strip_prefix("https://").ok_or(UrlError::Scheme)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.starts_with('[') {
        return Err(UrlError::Address);
    }
    let url = parse_url(text).map_err(UrlError::Form)?;
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    check_host(host)?;
    let is_listed = |port: &str| PORTS.iter().any(|listed| listed.to_string() == port);
    if port.is_some_and(|port| !is_listed(port)) {
        return Err(UrlError::Port);
    }
    if rest.contains('#') {
        return Err(UrlError::Form("a URL without a fragment"));
    }
    Ok(url)
}

fn check_host(host: &str) -> Result<(), UrlError> {
    // Upper case, percent signs, full-width digits, ideographic stops: what is not plain is not taken, so that nothing has to
    // be normalized as the runtime would.
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    if !host.bytes().all(is_plain) || host.len() > MAX_HOST_LENGTH {
        return Err(UrlError::Host);
    }
    let labels: Vec<&str> = host.split('.').collect();
    let is_label = |label: &&str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = labels.last().copied().unwrap_or_default();
    // A host whose last label is a number is an IPv4 address in one of its notations, or no host (URL Standard, section 3.5).
    if is_number(last) || (last.is_empty() && labels.iter().rev().nth(1).is_some_and(|label| is_number(label))) {
        return Err(UrlError::Address);
    }
    if !labels.iter().all(is_label) {
        return Err(UrlError::Host);
    }
    if labels.len() < 2 || LOCAL_SUFFIXES.contains(&last) {
        return Err(UrlError::Local);
    }
    Ok(())
}

/// A number as the URL Standard reads it in an address: decimal, octal (`0177`) or hexadecimal (`0x7f`, and `0x` alone).
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
        None => !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_host_is_taken_as_it_is_written() {
        for url in [
            "https://hooks.some-company.com/bitrix24",
            "https://a.b.c.xn--p1ai:8443/x?y=https://localhost/",
            "https://api.co:443",
            "https://1.2.3.4.some-company.com/",
            "https://0x7f.company.com/",
        ] {
            assert_eq!(parse(url).as_deref(), Ok(url));
        }
    }

    #[test]
    fn an_address_is_refused_in_every_notation() {
        for host in [
            "127.0.0.1",
            "10.0.0.1",
            "169.254.169.254",
            "2130706433",
            "0177.0.0.1",
            "017700000001",
            "0x7f.0.0.1",
            "0x7f000001",
            "0x",
            "127.1",
            "127.0.1",
            "0",
            "1.2.3.4.",
            "0x7f.1.",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[fd00::1]",
            "[fe80::1%25eth0]",
            "8.8.8.8",
            "some.company.99",
            "a.0xff",
        ] {
            assert_eq!(parse(&format!("https://{host}/")), Err(UrlError::Address), "{host}");
        }
    }

    #[test]
    fn a_local_or_reserved_name_is_refused() {
        for host in [
            "localhost",
            "intranet",
            "a.localhost",
            "printer.local",
            "vault.internal",
            "metadata.google.internal",
            "nas.lan",
            "fritz.home",
            "x.home.arpa",
            "1.0.0.127.in-addr.arpa",
            "a.test",
            "a.invalid",
            "a.example",
            "hidden.onion",
            "dc.corp",
            "localhost.localdomain",
        ] {
            assert_eq!(parse(&format!("https://{host}/")), Err(UrlError::Local), "{host}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for host in [
            "localhost.",
            "some-company.com.",
            "LOCALHOST",
            "Some-Company.com",
            "127%2e0.0.1",
            "%6cocalhost",
            "a..com",
            ".com",
            "-a.com",
            "a-.com",
            "a_b.com",
            "127\u{3002}0.0.1",
            "\u{ff11}27.0.0.1",
            "\u{2460}.com",
            "m\u{fc}nchen.de",
            "a\u{200b}.com",
            "a,b.com",
            "a;b.com",
            "",
        ] {
            assert!(parse(&format!("https://{host}/")).is_err(), "{host}");
        }
        let long = format!("https://{}.com/", "a".repeat(64));
        assert_eq!(parse(&long), Err(UrlError::Host));
    }

    #[test]
    fn only_https_without_credentials_on_a_listed_port() {
        for url in [
            "http://some-company.com/",
            "HTTPS://some-company.com/",
            "ftp://some-company.com/",
            "//some-company.com/",
            "https:some-company.com",
            "https:/some-company.com",
            "https:///some-company.com",
            "https://user:pass@some-company.com/",
            "https://user@some-company.com/",
            "https://a@127.0.0.1/",
            "https://some-company.com:80/",
            "https://some-company.com:22/",
            "https://some-company.com:/",
            "https://some-company.com:0443/",
            "https://some-company.com:+443/",
            "https://some-company.com:443:22/",
            "https://some-company.com\\@127.0.0.1/",
            "https://some-company.com/a b",
            "https://some-company.com/\n",
            "https://some-company.com/#secret",
            " https://some-company.com/",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
        assert!(parse(&format!("https://some-company.com/{}", "a".repeat(2_048))).is_err());
    }
}
