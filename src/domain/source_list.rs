//! The published addresses of Bitrix24's queue servers, and what they are used for.
//!
//! The list is a signal beside the token, never a substitute for it: pages in a browser, on-premise portals with their own
//! way of sending, and servers that are a few minutes old come from other addresses.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Where Bitrix24 publishes it: `{"nodes": ["203.0.113.7", ...]}`. New servers are listed five to ten minutes before they send.
/// <https://apidocs.bitrix24.com/settings/cloud-and-on-premise/network-access.html>
pub const SOURCE_LIST_URL: &str = "https://dl.bitrix24.com/webhook/app-world.json";
/// Longest text of a list, in bytes: `MAX_NODES` networks of 64 bytes each.
pub const MAX_LIST_BYTES: usize = 256 << 10;
/// Most networks of a list. Each event is compared with every one, some nanoseconds each.
const MAX_NODES: usize = 4_096;

/// `B24_SOURCE_IPS`: what the address of a POST is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourcePolicy {
    /// Nothing; the list is not fetched.
    Off,
    /// A signal: the log tells where token and address disagree. Nothing is refused.
    #[default]
    Observe,
    /// A gate: what comes from another address is refused, while there is a list to compare with.
    Require,
}

/// What the list says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A queue server of Bitrix24.
    Listed,
    /// Anybody else.
    Unlisted,
    /// There is no list, or it is too old to refuse anybody by it, or the address is not known.
    Unknown,
}

/// The networks of the list, never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct SourceList(Vec<Network>);

/// All addresses that begin with the same bits. An IPv4 address counts as the IPv6 address that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Network {
    first: u128,
    bits: u32,
}

/// The text is no list to judge by. It is refused as a whole: half a list would speak against genuine servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASourceList {
    /// It has another form.
    #[error("not of the form {{\"nodes\": [...]}}")]
    Form,
    /// It has no entry.
    #[error("it is empty")]
    Empty,
    /// It has more than `MAX_NODES` entries.
    #[error("it has over {MAX_NODES} entries")]
    TooLong,
    /// An entry is neither an address nor a network.
    #[error("entry {0} is neither an address nor a network")]
    Entry(usize),
}

impl SourcePolicy {
    /// Reads `off`, `observe` or `require`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "off" => Ok(Self::Off),
            "observe" => Ok(Self::Observe),
            "require" => Ok(Self::Require),
            _ => Err("`off`, `observe` or `require`"),
        }
    }
}

impl SourceList {
    /// Reads the list as it is published.
    pub fn parse(text: &str) -> Result<Self, NotASourceList> {
        #[derive(Deserialize)]
        struct Published {
            nodes: Vec<String>,
        }
        let published: Published = serde_json::from_str(text).map_err(|_| NotASourceList::Form)?;
        Self::try_from(published.nodes)
    }

    /// Whether one of the networks has the address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = as_ipv6(address);
        self.0.iter().any(|network| network.contains(address))
    }

    /// How many networks it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (before, length) = if address.is_ipv4() { (96, 32) } else { (0, 128) };
        let bits = bits.unwrap_or(length);
        // A network of everybody is a mistake, whoever made it.
        ((1..=length).contains(&bits)).then(|| Self { first: as_ipv6(address), bits: before + bits })
    }

    fn contains(self, address: u128) -> bool {
        (self.first ^ address).leading_zeros() >= self.bits
    }
}

impl TryFrom<Vec<String>> for SourceList {
    type Error = NotASourceList;

    fn try_from(nodes: Vec<String>) -> Result<Self, NotASourceList> {
        if nodes.is_empty() {
            return Err(NotASourceList::Empty);
        }
        if nodes.len() > MAX_NODES {
            return Err(NotASourceList::TooLong);
        }
        let read = |(at, node): (usize, &String)| Network::parse(node.trim()).ok_or(NotASourceList::Entry(at + 1));
        let mut networks: Vec<Network> = nodes.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        // Sorted, so that the same list in another order is the same list.
        networks.sort_unstable();
        networks.dedup();
        Ok(Self(networks))
    }
}

impl From<SourceList> for Vec<String> {
    fn from(list: SourceList) -> Self {
        list.0.iter().map(ToString::to_string).collect()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv6Addr::from_bits(self.first), self.bits)
    }
}

fn as_ipv6(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(nodes: &str) -> Result<SourceList, NotASourceList> {
        SourceList::parse(&format!(r#"{{"nodes":[{nodes}]}}"#))
    }

    #[test]
    fn addresses_and_networks_of_both_families_are_found() {
        let list = list(r#""192.0.2.7", "198.51.100.0/24", "2001:db8::1", "2001:db8:1::/48""#).unwrap();
        for (address, is_listed) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("198.51.100.0", true),
            ("198.51.100.255", true),
            ("198.51.101.0", false),
            ("::ffff:192.0.2.7", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
            ("2001:db8:1:ffff::9", true),
            ("2001:db8:2::", false),
        ] {
            assert_eq!(list.contains(address.parse().unwrap()), is_listed, "{address}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_judged_by_is_refused_as_a_whole() {
        for (nodes, error) in [
            ("", NotASourceList::Empty),
            (r#""192.0.2.7", "host.example""#, NotASourceList::Entry(2)),
            (r#""0.0.0.0/0""#, NotASourceList::Entry(1)),
            (r#""192.0.2.7/33""#, NotASourceList::Entry(1)),
            (r#""192.0.2.7/-1""#, NotASourceList::Entry(1)),
            ("7", NotASourceList::Form),
        ] {
            assert_eq!(list(nodes), Err(error), "{nodes}");
        }
        for text in ["", "[]", "{}", "<html>", r#"{"nodes":null}"#] {
            assert_eq!(SourceList::parse(text), Err(NotASourceList::Form), "{text}");
        }
        let many = vec![r#""192.0.2.7""#; MAX_NODES + 1].join(",");
        assert_eq!(list(&many), Err(NotASourceList::TooLong));
    }

    #[test]
    fn what_is_stored_is_the_list_again_whatever_its_order_was() {
        let list = list(r#""198.51.100.0/24", "192.0.2.7", "192.0.2.7", "2001:db8::1""#).unwrap();
        let stored = serde_json::to_string(&list).unwrap();
        assert_eq!(stored, r#"["::ffff:192.0.2.7/128","::ffff:198.51.100.0/120","2001:db8::1/128"]"#);
        assert_eq!(serde_json::from_str::<SourceList>(&stored).ok(), Some(list));
    }
}
