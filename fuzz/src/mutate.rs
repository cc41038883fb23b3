//! How one input becomes another.

use simdisk::Chance;

/// Longest input. Bodies and bigger things are tested elsewhere; here, many small inputs find more.
const BYTES_MAX: usize = 4_096;
/// Mutations made at once, at most.
const MUTATIONS_MAX: u64 = 5;
/// Bytes that sit at edges: zero, signs, lengths, the ends of ASCII and of UTF-8.
const EDGES: [u8; 12] = [0, 1, 2, 31, 32, 64, 127, 128, 191, 192, 254, 255];

/// A place in something of this length, its end included.
fn place(chance: &mut Chance, length: usize) -> usize {
    let end = u64::try_from(length).unwrap_or(u64::MAX).saturating_add(1);
    usize::try_from(chance.below(end)).unwrap_or(length)
}

/// A stretch of something of this length.
fn stretch(chance: &mut Chance, length: usize) -> std::ops::Range<usize> {
    let (one, two) = (place(chance, length), place(chance, length));
    one.min(two)..one.max(two)
}

fn pick<'a, T: ?Sized>(chance: &mut Chance, from: &[&'a T]) -> Option<&'a T> {
    let last = from.len().checked_sub(1)?;
    from.get(place(chance, last)).copied()
}

/// Another input, made of this one, of one more from the pool, and of words that the target knows.
pub(crate) fn mutate(chance: &mut Chance, input: &[u8], other: &[u8], words: &[&str]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=chance.below(MUTATIONS_MAX) {
        once(chance, &mut bytes, other, words);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

fn once(chance: &mut Chance, bytes: &mut Vec<u8>, other: &[u8], words: &[&str]) {
    let at = place(chance, bytes.len());
    match chance.below(11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        1 => {
            if let (Some(byte), [random, ..]) = (bytes.get_mut(at), chance.bits().to_be_bytes()) {
                *byte = random;
            }
        }
        2 => {
            if let (Some(byte), Some(edge)) = (bytes.get_mut(at), EDGES.get(place(chance, EDGES.len() - 1))) {
                *byte = *edge;
            }
        }
        3 => bytes.insert(at, b' ' + u8::try_from(chance.below(95)).unwrap_or_default()),
        4 | 5 => {
            if let Some(word) = pick(chance, words) {
                let end = if chance.once_in(2) { at } else { bytes.len().min(at + word.len()) };
                bytes.splice(at..end, word.bytes());
            }
        }
        6 => drop(bytes.drain(stretch(chance, bytes.len()))),
        7 => {
            let copied = bytes[stretch(chance, bytes.len())].to_vec();
            bytes.splice(at..at, copied);
        }
        8 => {
            let taken = other[stretch(chance, other.len())].to_vec();
            let end = place(chance, bytes.len()).max(at);
            bytes.splice(at..end, taken);
        }
        9 => bytes.truncate(at),
        _ => {
            if let Some(digit) = bytes.get_mut(at).filter(|byte| byte.is_ascii_digit()) {
                *digit = b'0' + u8::try_from(chance.below(10)).unwrap_or_default();
            }
        }
    }
}
