//! Base64 as it is found in files and messages: with line ends, with or without padding.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes base64, skipping ASCII white space. `None` if it is not base64.
pub(super) fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut compact = Zeroizing::new(Vec::with_capacity(text.len()));
    compact.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
    // Sized beforehand: a buffer that grows leaves copies behind.
    let mut decoded = Zeroizing::new(vec![0; base64::decoded_len_estimate(compact.len())]);
    let len = TOLERANT.decode_slice(compact.as_slice(), &mut decoded).ok()?;
    decoded.truncate(len);
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_missing_padding_are_fine() {
        for text in ["aGVsbG8=", "aGVsbG8", " aGVs\r\nbG8=\n", "aGVsbG9=", ""] {
            let expected: &[u8] = if text.is_empty() { b"" } else { b"hello" };
            assert_eq!(decode(text).unwrap().as_slice(), expected, "{text:?}");
        }
        for text in ["a", "aGVsbG8-", "aGVs*bG8=", "aGVsbG8=aGVsbG8="] {
            assert!(decode(text).is_none(), "{text:?}");
        }
    }
}
