//! IP addresses and the blocks of the `cidr` operator.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A range of addresses of one family, as integers, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Block {
    is_v4: bool,
    first: u128,
    last: u128,
}

impl Block {
    /// Reads `address/bits`; the error is AWS's reason.
    pub(crate) fn parse(text: &str) -> Result<Block, String> {
        // AWS: empty pieces at the end do not count, as Java's `split` has it.
        let (address, bits) = match text.trim_end_matches('/').split_once('/') {
            Some((address, bits)) if !bits.contains('/') => (address, bits),
            _ => return Err("Malformed CIDR, one '/' required".to_owned()),
        };
        let bits: i32 = bits.parse().map_err(|_| "Malformed CIDR, mask bits must be an integer".to_owned())?;
        let bits = u32::try_from(bits).map_err(|_| "Malformed CIDR, mask bits must not be negative".to_owned())?;
        let (is_v4, address) = parse_address(address).ok_or_else(|| format!("Nonstandard IP address: {address}"))?;
        // AWS: a whole address (/32, /128) is refused; write it as an exact string.
        let width = if is_v4 { 32 } else { 128 };
        if bits >= width {
            return Err(format!("IPv{} mask bits must be < {width}", if is_v4 { 4 } else { 6 }));
        }
        // AWS: bits of the host may be set, and do not count.
        let host = u128::MAX >> (128 - (width - bits));
        Ok(Block { is_v4, first: address & !host, last: address | host })
    }

    pub(crate) fn contains(&self, text: &[u8]) -> bool {
        Address::parse(text).is_some_and(|address| address.network(self.host_bits()) == self.network())
    }

    /// The bits of an address that this block leaves open.
    pub(crate) fn host_bits(&self) -> u32 {
        (self.last - self.first).count_ones()
    }

    /// What the addresses of this block have in common.
    pub(crate) fn network(&self) -> Address {
        Address { is_v4: self.is_v4, value: self.first }
    }
}

/// As `address/bits`.
impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host_bits = self.host_bits();
        if self.is_v4 {
            write!(f, "{}/{}", Ipv4Addr::from(self.first as u32), 32 - host_bits)
        } else {
            write!(f, "{}/{}", Ipv6Addr::from(self.first), 128 - host_bits)
        }
    }
}

/// An IP address as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    pub(crate) is_v4: bool,
    pub(crate) value: u128,
}

impl Address {
    pub(crate) fn parse(text: &[u8]) -> Option<Address> {
        if !text.first().is_some_and(|first| first.is_ascii_hexdigit() || *first == b':') {
            return None;
        }
        let (is_v4, value) = parse_address(std::str::from_utf8(text).ok()?)?;
        Some(Address { is_v4, value })
    }

    /// The same with the last `host_bits` bits zero.
    pub(crate) fn network(self, host_bits: u32) -> Address {
        let host = 1u128.checked_shl(host_bits).map_or(u128::MAX, |next| next - 1);
        Address { value: self.value & !host, ..self }
    }
}

/// Whether the address is of version 4, and its value. An IPv4-mapped address counts as version 4.
fn parse_address(text: &str) -> Option<(bool, u128)> {
    if text.contains(':') {
        // AWS takes hex digits and colons only; the dotted tail of `::ffff:10.0.0.1` is not read.
        if text.contains('.') {
            return None;
        }
        let address: Ipv6Addr = text.parse().ok()?;
        return Some(match IpAddr::V6(address).to_canonical() {
            IpAddr::V4(mapped) => (true, u128::from(u32::from(mapped))),
            IpAddr::V6(address) => (false, u128::from(address)),
        });
    }
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        // AWS reads octets as decimals even where they start with zero.
        *octet = part.parse().ok()?;
    }
    parts.next().is_none().then(|| (true, u128::from(u32::from(Ipv4Addr::from(octets)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_the_addresses_of_its_family_only() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "192.0.2", false),
            ("192.0.2.0/24", "192.0.2.256", false),
            ("192.0.2.0/24", "host.example", false),
            ("192.0.2.0/24", "192.000.002.7", true),
            ("192.0.2.0/24", "::ffff:c000:207", true),
            ("192.0.2.7/+08", "192.0.0.0", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/33", "2001:db8:7fff::", true),
            ("2001:db8::/33", "2001:db8:8000::", false),
            ("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true),
        ];
        for (block, address, inside) in cases {
            let parsed = Block::parse(block).expect("a block");
            assert_eq!(parsed.contains(address.as_bytes()), inside, "{address} in {block}");
        }
    }

    #[test]
    fn a_bad_block_is_refused_in_the_words_of_aws() {
        let cases = [
            ("192.0.2.0", "Malformed CIDR, one '/' required"),
            ("192.0.2.0/8/8", "Malformed CIDR, one '/' required"),
            ("192.0.2.0/", "Malformed CIDR, one '/' required"),
            ("192.0.2.0/x", "Malformed CIDR, mask bits must be an integer"),
            ("192.0.2.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("192.0.2.0/32", "IPv4 mask bits must be < 32"),
            ("2001:db8::/128", "IPv6 mask bits must be < 128"),
            ("::ffff:0:0/96", "IPv4 mask bits must be < 32"),
            ("office/8", "Nonstandard IP address: office"),
        ];
        for (block, reason) in cases {
            assert_eq!(Block::parse(block), Err(reason.to_owned()), "{block}");
        }
    }
}
