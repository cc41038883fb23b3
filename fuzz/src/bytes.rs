//! Bytes read as numbers, texts and choices. When they run out, the rest reads as zero, so that every input is
//! a whole one.

/// What is left of an input.
#[derive(Clone, Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of an input.
    pub const fn new(input: &'a [u8]) -> Bytes<'a> {
        Bytes(input)
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// The next so many bytes, as an array.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// The next number of 16 bits.
    pub fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    /// The next number of 64 bits, positive or negative.
    pub fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.array())
    }

    /// One of these, by the next byte.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        from.get(usize::from(self.byte()) % from.len().max(1)).copied()
    }

    /// The next text: a byte says how long it is. What is not UTF-8 in it is replaced.
    pub fn text(&mut self) -> String {
        let length = usize::from(self.byte()).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }

    /// Everything that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}
