//! Bytes that nothing makes smaller.

/// Returns ASCII text of so many bytes that compression leaves three quarters of; the same seed makes the same text.
#[must_use]
pub fn noise(bytes: usize, seed: u64) -> String {
    let mut state = seed;
    let mut letter = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from(state >> 58).unwrap_or(0))
    };
    (0..bytes).map(|_| letter()).collect()
}
