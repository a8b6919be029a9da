//! What holds for any key file. Shared by the fuzz target and the test that replays its findings.

use wecom_finance::{KeyRing, Secret};

/// Lines of this length are key material, and not a header.
const KEY_LINE: usize = 40;

/// Fails if a key file gets into the error that it causes.
pub(crate) fn pem(bytes: &[u8]) {
    for passphrase in [None, Some(Secret::new("correct horse"))] {
        let mut keys = KeyRing::new();
        match keys.insert_pem(1, bytes, passphrase.as_ref()) {
            Ok(()) => assert_eq!(keys.versions().collect::<Vec<_>>(), [1]),
            Err(error) => {
                assert!(keys.is_empty());
                let told = format!("{error} {error:?} {:?}", error.kind());
                for line in bytes.split(|byte| matches!(byte, b'\n' | b'\r' | b'\\')) {
                    if let Ok(line) = std::str::from_utf8(line)
                        && line.len() >= KEY_LINE
                    {
                        assert!(!told.contains(line), "the error quotes the file");
                    }
                }
            }
        }
    }
}
