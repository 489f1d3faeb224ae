//! The keyed entropy of an invocation: what `uuid4`, `os.urandom` and their like return inside a handler.
//!
//! Value n (counting from 1) is the splitmix64 output for the state `entropy + n * GAMMA`. Bytes are values in
//! big-endian order, the last one cut; a version 4 UUID is two values with the version and variant bits set. The Python
//! worker has the same lines (`shim/rehearsal/entropy.py`), so native and Python handlers of one seed see the same ids.

/// The odd constant nearest to 2^64 divided by the golden ratio (Steele, Lea, Flood: "Fast splittable pseudorandom
/// number generators", 2014).
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// A handler's random number is its keyed value nine times in ten, else near an end of the interval.
pub(crate) const RANDOM_WEIGHTS: [u32; 3] = [900, 50, 50];
const RANDOM_LOW: f64 = 0.001;
const RANDOM_HIGH: f64 = 0.999;

/// What a handler's `random()` answers: by the alternative taken, the keyed value as a number in 0..1, or one near an end.
pub(crate) fn random_value(alternative: u32, key: u64) -> f64 {
    // 53 bits as a double, exactly.
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    match alternative {
        0 => (key >> 11) as f64 * SCALE,
        1 => RANDOM_LOW,
        _ => RANDOM_HIGH,
    }
}

/// A stream of keyed values.
#[derive(Clone, Debug)]
pub struct Entropy {
    state: u64,
}

impl Entropy {
    /// The stream of an invocation whose key is `entropy`.
    pub fn new(entropy: u64) -> Entropy {
        Entropy { state: entropy }
    }

    /// The next value.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// Fills `bytes`; each call begins with a new value.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            let value = self.next_u64().to_be_bytes();
            chunk.copy_from_slice(&value[..chunk.len()]);
        }
    }

    /// A version 4 UUID in its usual spelling.
    pub fn uuid4(&mut self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0F) | 0x40;
        bytes[8] = (bytes[8] & 0x3F) | 0x80;
        text_of(&uuid_text(bytes)).to_owned()
    }
}

/// The usual spelling of a UUID. Every event, execution and request has one, so it is not left to `format!`.
pub(crate) fn uuid_text(bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    for (byte, place) in bytes.into_iter().zip(PLACES) {
        text[place] = DIGITS[usize::from(byte >> 4)];
        text[place + 1] = DIGITS[usize::from(byte & 0xF)];
    }
    text
}

/// The spelling as text: it is ASCII.
pub(crate) fn text_of(uuid: &[u8; 36]) -> &str {
    std::str::from_utf8(uuid).unwrap_or_default()
}

/// The finalizer of splitmix64.
fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::Entropy;

    #[test]
    fn the_stream_is_splitmix64() {
        // The published first outputs for the seed 1234567.
        let mut entropy = Entropy::new(1_234_567);
        let values: Vec<u64> = (0..3).map(|_| entropy.next_u64()).collect();
        assert_eq!(values, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_uuid_has_its_version_and_variant() {
        let mut entropy = Entropy::new(0);
        let uuid = entropy.uuid4();
        assert_eq!(uuid.len(), 36);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]), "{uuid}");
        assert_ne!(uuid, entropy.uuid4());
    }

    #[test]
    fn a_fill_that_ends_within_a_value_drops_its_rest() {
        let (mut whole, mut cut) = ([0; 16], [0; 3]);
        Entropy::new(9).fill(&mut whole);
        let mut entropy = Entropy::new(9);
        entropy.fill(&mut cut);
        assert_eq!(cut, whole[..3]);
        let mut next = [0; 8];
        entropy.fill(&mut next);
        assert_eq!(next, whole[8..]);
    }
}
